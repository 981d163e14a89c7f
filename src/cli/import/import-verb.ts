/** `weir import uci FILE…`: what people have on their routers, as load balancers; shown, and made only when asked for. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Flag, flag, has, last } from '../api/flags.ts';
import { targetOf } from '../api/references.ts';
import { resolveName } from '../api/resolve.ts';
import type { Session } from '../api/session.ts';
import type { Call, Verb } from '../api/verb.ts';
import { CliError } from '../cli-error.ts';
import { type Row, formatRows, formatTree, harmless } from '../output.ts';
import { type Found, type Proposal, bodyOf, together } from './proposal.ts';
import { read } from './read.ts';

const FLAGS: readonly Flag[] = [
  flag('create', 'make the load balancers; otherwise they are only shown'),
  flag('subnet', 'subnet of their VIPs, by name or id; required with --create', '<subnet>'),
  flag('keep-addresses', 'give them the addresses that clients know today, where the file says them'),
];
const COLUMNS = ['name', 'address', 'listener', 'algorithm', 'members', 'monitor', 'file'];
const LBAAS = '/v2.0/lbaas/loadbalancers';

export const importUci: Verb = {
  words: ['uci'],
  doc: 'offer load balancers for what OpenWrt’s files say: redirects, keepalived, haproxy.cfg, ipset and iptables commands, “config relayd”',
  args: ['file...'],
  flags: FLAGS,
  async run(call) {
    const paths = call.args.flat();
    const subnet = last(call.given, 'subnet');
    if (has(call.given, 'create') && subnet === undefined) throw new CliError('Required with --create and not given: --subnet', { exitCode: 2 });
    const files = paths.map((path) => ({ path, found: foundIn(path) }));
    const keeps = has(call.given, 'keep-addresses');
    if (has(call.given, 'create')) return create(call, together(files.map(({ found }) => found)), subnet ?? '', keeps);
    show(call, files, subnet ?? 'SUBNET', keeps);
  },
};

function foundIn(path: string): Found {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new CliError(`${path} cannot be read: ${error.message}`, { cause: error });
  }
}

function show(call: Call, files: readonly { readonly path: string; readonly found: Found }[], subnet: string, keeps: boolean): void {
  const { format } = call.output;
  if (format === 'json' || format === 'yaml') {
    const bodies = files.flatMap(({ found }) => found.proposals.map((proposal) => ({ loadbalancer: bodyOf(proposal, subnet, keeps) })));
    return call.print(formatTree(bodies, format));
  }
  const rows = files.flatMap(({ path, found }) => found.proposals.flatMap((proposal) => rowsOf(proposal, basename(path))));
  call.print(formatRows(rows, COLUMNS, call.output));
  for (const { path, found } of files) tell(path, found);
}

/** Beside the table, which may be read by a program. */
function tell(path: string, { proposals, remarks }: Found): void {
  const said = [...proposals.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)), ...remarks];
  for (const line of said) process.stderr.write(`${harmless(`${basename(path)}: ${line}`)}\n`);
  if (proposals.length === 0) process.stderr.write(`${harmless(basename(path))}: no load balancer was found in it\n`);
}

function rowsOf({ name, address, listeners }: Proposal, file: string): Row[] {
  return listeners.map(({ protocol, port, algorithm, members, monitor }) => ({
    name,
    address,
    listener: `${protocol} ${port}`,
    algorithm,
    members: members.map((one) => `${one.address}:${one.port}${one.weight === 1 ? '' : ` ×${one.weight}`}${one.backup ? ' backup' : ''}`).join(', '),
    monitor: monitor === null ? null : [monitor.type, monitor.path].filter((word) => word !== null).join(' '),
    file,
  }));
}

async function create(call: Call, found: Found, subnet: string, keeps: boolean): Promise<void> {
  const session = await call.connect();
  const target = targetOf('vip_subnet_id');
  const subnetId = target === null ? subnet : await resolveName(session, target, subnet);
  const rows: Row[] = [];
  // One after the other: should one be refused, those before it are there, and named.
  for (const proposal of found.proposals) rows.push(await createOne(session, bodyOf(proposal, subnetId, keeps), rows, call));
  call.print(formatRows(rows, ['id', 'name', 'vip_address', 'provisioning_status'], call.output));
  tell('import', found);
}

async function createOne(session: Session, loadbalancer: Record<string, unknown>, before: readonly Row[], call: Call): Promise<Row> {
  try {
    const { body } = await session.send({ method: 'POST', path: LBAAS, body: { loadbalancer } });
    return (body as { loadbalancer: Row }).loadbalancer;
  } catch (error) {
    if (before.length > 0) call.print(formatRows(before, ['id', 'name', 'vip_address', 'provisioning_status'], call.output));
    throw error;
  }
}
