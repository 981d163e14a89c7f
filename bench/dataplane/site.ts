/** Our balancers over the bed's backends, made through the API as a user makes them. */
import { processesIn } from '../../src/nodes/local/namespace.ts';
import { nodeNamespace } from '../../src/nodes/local/names.ts';
import type { Api } from '../http.ts';
import { LBAAS, type Balancer, untilActive } from '../octavia.ts';
import { BACKENDS, type Bed, type HostName } from './bed.ts';
import { BACKEND_PORT } from './backends.ts';
import { PORTS } from './by-hand.ts';
import type { Certificate } from './certificate.ts';

type Made = Readonly<Record<string, { readonly id: string }>>;

export async function make(api: Api, path: string, kind: string, attributes: Record<string, unknown>): Promise<string> {
  const { [kind]: made } = await api.call<Made>('POST', `${LBAAS}/${path}`, { [kind]: attributes });
  if (!made) throw new Error(`POST ${path} answered without ${kind}`);
  return made.id;
}

/** HTTP, TCP and TLS on the ports of the HAProxy written by hand, with checks as there. */
export async function proxyBalancer(bed: Bed, certificate: Certificate): Promise<Balancer> {
  const { api } = bed;
  const balancer = await emptyBalancer(bed, null);
  const default_tls_container_ref = await storeCertificate(api, certificate);
  const httpPool = await poolOn(bed, balancer, 'HTTP', await listener(api, balancer, 'HTTP', PORTS.http));
  await poolOn(bed, balancer, 'TCP', await listener(api, balancer, 'TCP', PORTS.tcp));
  await listener(api, balancer, 'TERMINATED_HTTPS', PORTS.tls, { default_tls_container_ref, default_pool_id: httpPool });
  await untilActive(api, balancer.id);
  return balancer;
}

/** A balancer whose one listener, of streams, the kernel carries. */
export async function kernelBalancer(bed: Bed, port: number): Promise<Balancer> {
  const balancer = await emptyBalancer(bed, await flavor(bed.api, { engine: 'nftables' }));
  await poolOn(bed, balancer, 'TCP', await listener(bed.api, balancer, 'TCP', port));
  await untilActive(bed.api, balancer.id);
  return balancer;
}

/** Datagrams to the first backend alone, and with them streams on the same port, over which iperf3 says what it is about to do. */
export async function datagramBalancer(bed: Bed, port: number): Promise<Balancer> {
  const balancer = await emptyBalancer(bed, await flavor(bed.api, { engine: 'nftables' }));
  for (const protocol of ['UDP', 'TCP']) {
    const pool = await make(bed.api, 'pools', 'pool', {
      protocol,
      lb_algorithm: 'ROUND_ROBIN',
      listener_id: await listener(bed.api, balancer, protocol, port),
    });
    await addBackend(bed, pool, 'backend1', port);
  }
  await untilActive(bed.api, balancer.id);
  return balancer;
}

export async function flavor(api: Api, data: Record<string, string>): Promise<string> {
  const name = Object.values(data).join('-');
  const profile = await make(api, 'flavorprofiles', 'flavorprofile', { name, provider_name: 'octavia', flavor_data: JSON.stringify(data) });
  return make(api, 'flavors', 'flavor', { name, flavor_profile_id: profile });
}

/** Its certificate in the key manager; the reference of the container. */
export async function storeCertificate(api: Api, { certificate, key }: Certificate): Promise<string> {
  const parts = { certificate: await storeSecret(api, certificate), private_key: await storeSecret(api, key) };
  const secret_refs = Object.entries(parts).map(([name, secret_ref]) => ({ name, secret_ref }));
  const container = { type: 'certificate', name: 'bench', secret_refs };
  return (await api.call<{ container_ref: string }>('POST', '/key-manager/v1/containers', container)).container_ref;
}

async function storeSecret(api: Api, payload: string): Promise<string> {
  return (await api.call<{ secret_ref: string }>('POST', '/key-manager/v1/secrets', { payload, payload_content_type: 'text/plain' })).secret_ref;
}

async function emptyBalancer({ api, subnets }: Bed, flavorId: string | null): Promise<Balancer> {
  const { loadbalancer } = await api.call<{ loadbalancer: Balancer }>('POST', `${LBAAS}/loadbalancers`, {
    loadbalancer: { name: 'bench', vip_subnet_id: subnets.front, ...(flavorId === null ? {} : { flavor_id: flavorId }) },
  });
  return loadbalancer;
}

function listener(api: Api, { id }: Balancer, protocol: string, port: number, more: Record<string, unknown> = {}): Promise<string> {
  return make(api, 'listeners', 'listener', { protocol, protocol_port: port, loadbalancer_id: id, ...more });
}

/** With a monitor that does what `check` does in HAProxy. */
async function poolOn(bed: Bed, balancer: Balancer, protocol: string, listenerId: string): Promise<string> {
  const { api } = bed;
  const pool = await make(api, 'pools', 'pool', { protocol, lb_algorithm: 'ROUND_ROBIN', listener_id: listenerId });
  for (const host of BACKENDS) await addBackend(bed, pool, host, BACKEND_PORT);
  await make(api, 'healthmonitors', 'healthmonitor', { type: 'TCP', pool_id: pool, delay: 2, timeout: 2, max_retries: 2 });
  await untilActive(api, balancer.id);
  return pool;
}

async function addBackend(bed: Bed, pool: string, host: HostName, protocol_port: number): Promise<void> {
  await make(bed.api, `pools/${pool}/members`, 'member', { address: bed.address(host, 'back'), protocol_port, subnet_id: bed.subnets.back });
}

/** Processes of HAProxy in the balancer's node, master and worker. */
export async function proxyPids(bed: Pick<Bed, 'api' | 'instance'>, { id }: Pick<Balancer, 'id'>): Promise<number[]> {
  const nodes = await amphorae(bed.api, id);
  const found = await Promise.all(nodes.map((node) => processesIn(nodeNamespace(bed.instance, node))));
  return found.flat().flatMap(({ pid, program }) => (program === 'haproxy' ? [pid] : []));
}

/** Ids of the balancer's nodes. */
export async function amphorae(api: Api, balancer: string): Promise<string[]> {
  const path = `${LBAAS.replace('/lbaas', '/octavia')}/amphorae?loadbalancer_id=${balancer}`;
  const { amphorae: rows } = await api.call<{ amphorae: { id: string }[] }>('GET', path);
  return rows.map(({ id }) => id);
}
