/** What the doctor asks of the bridges that networks are mapped to. */
import type { Config } from '../config/options.ts';
import { ipQuery } from '../nodes/local/ip.ts';
import { type Finding, fail, ok } from './finding.ts';

type Mapping = Config['local_node']['bridge_mappings'][number];

export function bridgeChecks({ local_node: { bridge_mappings: mappings } }: Config): Promise<Finding[]> {
  return Promise.all(mappings.map(bridgeCheck));
}

async function bridgeCheck({ physicalNetwork, namespace, bridge }: Mapping): Promise<Finding> {
  const check = `bridge of ${physicalNetwork}`;
  const where = namespace === null ? bridge : `${bridge} in namespace ${namespace}`;
  const kind = await kindOf(namespace, bridge);
  if (kind === 'bridge') return ok(check, where);
  return fail(
    check,
    kind === null ? `there is no ${where}` : `${where} is no bridge`,
    'Make it (ip link add NAME type bridge), or correct [local_node] bridge_mappings.',
  );
}

interface Shown {
  readonly linkinfo?: { readonly info_kind?: string };
}

/** null when there is no such link or namespace; empty for a link of no particular kind. */
async function kindOf(namespace: string | null, name: string): Promise<string | null> {
  try {
    const [link] = (await ipQuery(namespace, [['link', 'show', 'dev', name]], { absentIsEmpty: true })).flat() as Shown[];
    return link ? (link.linkinfo?.info_kind ?? '') : null;
  } catch {
    return null;
  }
}
