/** Plans and differences as people read them: in a dry run, and where a node was found to differ. Never a key. */
import type { GatewaySection, GatewayShare, NodeConfig, PacketConfig } from '../model/node-config.ts';
import type { Cost, Plan, Step } from '../model/plan.ts';
import { sharedAddresses } from '../render/keepalived/compile.ts';

export interface StepWords {
  readonly kind: string;
  readonly cost: Cost;
  readonly detail: string;
}

export function stepWords(plan: Plan): StepWords[] {
  return plan.map((step) => ({ kind: step.kind, cost: step.cost, detail: detailOf(step) }));
}

function detailOf(step: Step): string {
  switch (step.kind) {
    case 'add-server':
    case 'change-server':
      return `${step.server.name} ${step.server.address} port ${step.server.port} weight ${step.server.weight} ${step.server.state}`;
    case 'delete-server':
      return step.name;
    case 'add-link':
    case 'change-link':
      return `${step.link.name} ${step.link.addresses.join(' ')}`;
    case 'delete-link':
      return step.name;
    case 'set-routes':
      return step.routes.map(({ to, via }) => `${to} via ${via}`).join(', ');
    case 'write-config':
    case 'start-proxy':
    case 'reload-proxy':
      return step.proxy.files.map(({ path }) => path).join(', ');
    case 'set-packets':
      return step.packets.services.map(({ protocol, address, port, members }) => `${protocol} ${address} port ${port} to ${members.length} members`).join(', ');
    case 'set-share':
      return shareWords(step.present, step.share);
    case 'delete-share':
      return shareWords(step.present, null);
    case 'start-vrrp':
    case 'reload-vrrp':
      return sharedAddresses(step.vrrp).join(' ');
    default:
      return '';
  }
}

/** Lines that only one of the two has. Order within a proxy's section hardly ever changes without its lines doing so. */
export function lineChanges(present: NodeConfig | null, wanted: NodeConfig | null): string[] {
  const [before, after] = [linesOf(present), linesOf(wanted)];
  return [...missingFrom(after, before).map((line) => `-${line}`), ...missingFrom(before, after).map((line) => `+${line}`)];
}

function linesOf(config: NodeConfig | null): string[] {
  // The digest of the structure changes with everything else and tells nobody anything.
  const proxy = config?.proxy?.text.split('\n').filter((line) => line.trim() !== '' && !line.includes('description weir:')) ?? [];
  return [
    ...proxy,
    ...shareLines(config?.gateway ?? null),
    ...packetLines(config?.packets ?? null),
    ...plainLines(config?.vrrp?.text),
    ...plainLines(config?.flowSync?.text),
  ];
}

/** What a change writes on the gateway: sections of UCI as `uci` names them, its part of haproxy.cfg, files. */
function shareWords(present: GatewayShare | null, wanted: GatewayShare | null): string {
  const [before, after] = [present?.sections ?? [], wanted?.sections ?? []];
  const keyOf = (section: GatewaySection): string => uciLines(section).join('\n');
  const named = ({ config, name }: GatewaySection): string => `${config}.${name}`;
  const had = new Map(before.map((section) => [named(section), keyOf(section)]));
  const changed = after.filter((section) => had.get(named(section)) !== keyOf(section)).map(named);
  const gone = before.map(named).filter((name) => !after.some((section) => named(section) === name));
  const files = (wanted?.files ?? []).filter(({ path }) => !present?.files.some((file) => file.path === path)).map(({ path }) => path);
  const texts = [...(present?.proxy === wanted?.proxy ? [] : ['haproxy.cfg']), ...(present?.packets === wanted?.packets ? [] : ['nftables'])];
  return [...changed, ...gone.map((name) => `-${name}`), ...texts, ...files].join(', ');
}

function shareLines(share: GatewayShare | null): string[] {
  return [
    ...plainLines(share?.proxy),
    ...plainLines(share?.packets),
    ...(share?.sections ?? []).flatMap(uciLines),
    ...(share?.files ?? []).map(({ path }) => path),
  ];
}

/** As `uci show` prints them. */
function uciLines({ config, name, type, options }: GatewaySection): string[] {
  const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
  const lines = Object.entries(options).map(([option, value]) => `${config}.${name}.${option}=${[value].flat().map(quoted).join(' ')}`);
  return [`${config}.${name}=${type}`, ...lines.toSorted()];
}

function plainLines(text = ''): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The table as it can be read: without the slots, of which a change of one member moves many. */
function packetLines(packets: PacketConfig | null): string[] {
  return packets?.text.split('\n').filter((line) => line !== '' && !/^(delete table|add element inet weir slots) /.test(line)) ?? [];
}

/** The lines of `lines` that `others` lacks, counted: a line that stands twice in one and once in the other is missing once. */
function missingFrom(others: readonly string[], lines: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
