/**
 * How long one request can keep all others waiting: while the server is busy with something nasty, another client asks
 * for something cheap, back to back; the longest it waited is the stall. On the noop provider.
 */
import { Agent } from 'node:http';
import { send } from '../http.ts';
import { LBAAS, makeBalancer, makeSubnet, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';
import { type Nasty, nastyRequests } from './nasty-requests.ts';

const RUNS = 3;
const CHEAP = { method: 'GET', path: '/load-balancer/' };

export async function blocking(): Promise<Row[]> {
  return withServer({ provider: 'noop' }, async (server) => {
    const subnet = await makeSubnet(server.api);
    const rows: Row[] = [{ what: 'nothing else', unit: 'ms', values: await repeat(RUNS, () => stall(server, async () => quiet())), better: 'less' }];
    for (const nasty of nastyRequests(subnet)) rows.push(await measured(server, subnet, nasty));
    return rows;
  });
}

async function measured(server: ServerUnderTest, subnet: string, nasty: Nasty): Promise<Row> {
  const statuses = new Set<number>();
  const values = await repeat(RUNS, async () => {
    const { id } = await makeBalancer(server.api, subnet);
    const target = nasty.prepare ? await nasty.prepare(server.api, id) : id;
    await untilActive(server.api, id);
    // Making megabytes of JSON would keep our own client waiting, and be taken for the server's work.
    const body = textOf(nasty.body?.(target) ?? '');
    // The delivery of what was accepted is part of what it costs.
    const value = await stall(server, async () => {
      statuses.add(await answered(server, nasty, target, body));
      if (!nasty.removes) await untilActive(server.api, id);
    });
    if (!nasty.removes) await server.api.call('DELETE', `${LBAAS}/loadbalancers/${id}?cascade=true`);
    return value;
  });
  return { what: `${nasty.what} (${[...statuses].join(', ')})`, unit: 'ms', values, better: 'less' };
}

async function answered({ api }: ServerUnderTest, { method, path, headers = {} }: Nasty, target: string, body: string): Promise<number> {
  const { status } = await send(api.target, false, { method, path: path(target), headers: { ...api.headers, ...headers }, body, timeout: 120_000 });
  return status;
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** The longest wait for something cheap while the work goes on, ms. */
async function stall({ api }: ServerUnderTest, work: () => Promise<void>): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const probe = { longest: 0, over: false };
  const asking = ask(api.target, agent, probe);
  await work();
  probe.over = true;
  await asking;
  agent.destroy();
  return probe.longest;
}

async function ask(target: ServerUnderTest['api']['target'], agent: Agent, probe: { longest: number; over: boolean }): Promise<void> {
  while (!probe.over) {
    const begun = performance.now();
    await send(target, agent, { ...CHEAP, timeout: 120_000 });
    probe.longest = Math.max(probe.longest, performance.now() - begun);
  }
}

async function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
}
