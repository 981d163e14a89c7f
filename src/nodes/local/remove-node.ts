/** Taking a node away: processes, namespace, the outer ends of its links, files; in an order that a crash can be resumed from. */
import { hostLinkNames, switchNamespace } from './names.ts';
import { deleteNamespace, end, namespaceNames, processesIn } from './namespace.ts';
import type { Place } from './network-state.ts';
import { until } from './pause.ts';
import { dropLink, type LinkState, linkStates } from './switch.ts';

const VANISH_AT_MOST = 100;

/** Removes all but the node's directory, by whose name a half-removed node is found again. */
export async function removeNamespace(place: Place): Promise<void> {
  await end(await processesIn(place.namespace), 0);
  if ((await namespaceNames()).includes(place.namespace)) await deleteNamespace(place.namespace);
  await Promise.all([...outsides(place)].map((outside) => removeOuterEnds(place, outside)));
}

/** Namespaces that outer ends of links may be in. */
function outsides({ instance, bridgeMappings }: Place): Set<string | null> {
  return new Set([switchNamespace(instance), ...[...bridgeMappings.values()].map(({ namespace }) => namespace)]);
}

/**
 * The outer ends vanish with the namespace, a little later and many at once at the price of one. But a connection that
 * still has something to send keeps its namespace alive, and its address would go on answering: then the link is cut.
 */
async function removeOuterEnds(place: Place, outside: string | null): Promise<void> {
  let left: LinkState[] = [];
  await until(
    async () => {
      left = await outerEnds(place, outside);
      return left.length === 0 ? true : null;
    },
    10,
    VANISH_AT_MOST,
  );
  for (const link of left) await dropLink(outside, link.ifname, link);
}

async function outerEnds({ id }: Place, outside: string | null): Promise<LinkState[]> {
  if (outside !== null && !(await namespaceNames()).includes(outside)) return [];
  return linkStates(outside, hostLinkNames(id));
}
