/**
 * A hundred changes of ten kinds, one after the other, on a balancer that four loads ask meanwhile: over kept and over new
 * connections, plain and over TLS. How many requests fail, and what the slowest of a hundred waits. The same loads without changes
 * stand beside it. Clients rest between requests, so that what is slow is the change and not a full processor.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, withClients } from '../client.ts';
import { type LoadOrder, type LoadReport, now } from '../client-messages.ts';
import { type Effort, WHOLE } from '../effort.ts';
import type { Api } from '../http.ts';
import { LBAAS, type Tree, addMember, findSubnet, makeTree, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { withServer } from '../server.ts';
import { makeCertificate } from '../dataplane/certificate.ts';
import { make, storeCertificate } from '../dataplane/site.ts';

const LOADS = [
  { name: 'kept connections', port: 80, tls: false, keepAlive: true, clients: 16, pace: 2 },
  { name: 'new connections', port: 80, tls: false, keepAlive: false, clients: 4, pace: 5 },
  { name: 'kept connections, TLS', port: 443, tls: true, keepAlive: true, clients: 8, pace: 5 },
  { name: 'new connections, TLS', port: 443, tls: true, keepAlive: false, clients: 2, pace: 20 },
] as const;
const TIMEOUT_MS = 5000;

interface Kind {
  readonly name: string;
  readonly carryOut: () => Promise<unknown>;
}

interface Run {
  /** One for each load. */
  readonly reports: readonly LoadReport[];
  /** Milliseconds each change took until the balancer was ACTIVE, by kind. */
  readonly times: ReadonlyMap<string, readonly number[]>;
}

export async function changes(effort: Effort = WHOLE): Promise<Row[]> {
  return withServer({ provider: 'octavia', lab: true }, (server) =>
    withClients(LOADS.length, server.statePath, async (...clients) => {
      const { tree, kinds } = await build(server.api);
      const host = tree.balancer.vip_address;
      await clients[0]?.probe(LOADS.map(({ port, tls }) => ({ host, port, tls })));
      const calm = await underLoad(clients, host, async () => {
        await pause(effort.seconds * 1000);
        return new Map();
      });
      const busy = await underLoad(clients, host, () => carryOut(server.api, tree, kinds, effort.changes));
      return [...loadRows('', calm), ...loadRows(`, ${kinds.length * effort.changes} changes`, busy), ...kindRows(busy)];
    }),
  );
}

async function underLoad(clients: readonly Client[], host: string, work: () => Promise<Run['times']>): Promise<Run> {
  const loads = clients.map((client, index) => client.load(orderOf(LOADS[index] ?? LOADS[0], host)));
  try {
    const times = await work();
    for (const client of clients) client.stop();
    return { reports: await Promise.all(loads), times };
  } catch (error) {
    for (const client of clients) client.stop();
    await Promise.allSettled(loads);
    throw error;
  }
}

function orderOf({ port, tls, keepAlive, clients, pace }: (typeof LOADS)[number], host: string): Partial<LoadOrder> & Pick<LoadOrder, 'target' | 'paths'> {
  return { target: { host, port, tls }, paths: ['/'], keepAlive, clients, pace, timeout: TIMEOUT_MS };
}

async function carryOut(api: Api, { balancer }: Tree, kinds: readonly Kind[], times: number): Promise<Run['times']> {
  const took = new Map<string, number[]>(kinds.map(({ name }) => [name, []]));
  await repeat(times, async () => {
    for (const kind of kinds) {
      const started = now();
      await kind.carryOut();
      await untilActive(api, balancer.id);
      took.get(kind.name)?.push(now() - started);
    }
  });
  return took;
}

async function build(api: Api): Promise<{ tree: Tree; kinds: Kind[] }> {
  const certificates = await twoCertificates(api);
  const tree = await makeTree(api, await findSubnet(api, 'private-subnet'));
  await addMember(api, tree, '192.168.1.10');
  const secure = await make(api, 'listeners', 'listener', {
    protocol: 'TERMINATED_HTTPS',
    protocol_port: 443,
    loadbalancer_id: tree.balancer.id,
    default_tls_container_ref: certificates[0],
    default_pool_id: tree.poolId,
  });
  await untilActive(api, tree.balancer.id);
  return { tree, kinds: [...memberKinds(api, tree), ...policyKinds(api, tree), ...listenerKinds(api, tree, secure, certificates)] };
}

async function twoCertificates(api: Api): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'edgeweir-bench-certificates-'));
  try {
    return [await storeCertificate(api, await makeCertificate(directory, 'one')), await storeCertificate(api, await makeCertificate(directory, 'two'))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function memberKinds(api: Api, tree: Tree): Kind[] {
  const members = `${LBAAS}/pools/${tree.poolId}/members`;
  let id = '';
  return [
    { name: 'member added', carryOut: async () => (id = await addMember(api, tree, '192.168.1.11')) },
    { name: 'member weighted', carryOut: () => api.call('PUT', `${members}/${id}`, { member: { weight: 3 } }) },
    { name: 'member removed', carryOut: () => api.call('DELETE', `${members}/${id}`) },
  ];
}

/** It refuses a path that nobody asks for. */
function policyKinds(api: Api, { listenerId }: Tree): Kind[] {
  let id = '';
  return [
    { name: 'L7 policy added', carryOut: async () => (id = await make(api, 'l7policies', 'l7policy', { action: 'REJECT', listener_id: listenerId })) },
    {
      name: 'L7 rule added',
      carryOut: () => make(api, `l7policies/${id}/rules`, 'rule', { type: 'PATH', compare_type: 'STARTS_WITH', value: '/nobody-asks-for-this' }),
    },
    { name: 'L7 policy removed', carryOut: () => api.call('DELETE', `${LBAAS}/l7policies/${id}`) },
  ];
}

function listenerKinds(api: Api, { balancer, poolId, listenerId }: Tree, secure: string, certificates: readonly string[]): Kind[] {
  const change = (id: string, listener: Record<string, unknown>): Promise<unknown> => api.call('PUT', `${LBAAS}/listeners/${id}`, { listener });
  let id = '';
  let timeout = 50_000;
  let shown = 0;
  return [
    {
      name: 'listener added',
      carryOut: async () =>
        (id = await make(api, 'listeners', 'listener', { protocol: 'HTTP', protocol_port: 8081, loadbalancer_id: balancer.id, default_pool_id: poolId })),
    },
    { name: 'listener changed', carryOut: () => change(listenerId, { timeout_client_data: ++timeout }) },
    { name: 'certificate changed', carryOut: () => change(secure, { default_tls_container_ref: certificates[++shown % certificates.length] }) },
    { name: 'listener removed', carryOut: () => api.call('DELETE', `${LBAAS}/listeners/${id}`) },
  ];
}

function loadRows(when: string, { reports }: Run): Row[] {
  return reports.flatMap(({ failures, answered, p99 }, index): Row[] => {
    const name = `${LOADS[index]?.name ?? ''}${when}`;
    for (const [reason, number] of Object.entries(failures)) process.stderr.write(`  ${name}: ${number} requests failed: ${reason}\n`);
    const failed = Object.values(failures).reduce((sum, number) => sum + number, 0);
    return [
      { what: `${name}: failed`, unit: 'requests', values: [failed], better: 'less', goal: 0 },
      { what: `${name}: answered`, unit: 'requests', values: [answered], better: 'more' },
      { what: `${name}: p99`, unit: 'ms', values: [p99], better: 'less' },
    ];
  });
}

function kindRows({ times }: Run): Row[] {
  return [...times].map(([name, values]): Row => ({ what: `${name} → ACTIVE`, unit: 'ms', values, better: 'less' }));
}
