/** What the tests with a hostile client share. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer, HostileClient } from './hostile-client.fixture.ts';
import { type Playground, until } from './playground.fixture.ts';

export const LBAAS = '/load-balancer/v2.0/lbaas';
export const BALANCERS = `${LBAAS}/loadbalancers`;

export type Json = Record<string, unknown>;

export function refusedOrDone({ status, body }: Answer, what: string): boolean {
  assert.ok([200, 201, 202, 204, 400, 403, 404, 409, 413, 501].includes(status), `${what}: ${status} ${JSON.stringify(body).slice(0, 500)}`);
  return status < 300;
}

export async function active(client: HostileClient, balancer: string, after = (): string => 'all this'): Promise<void> {
  const status = async (): Promise<Json> =>
    ((await client.send('GET', `${BALANCERS}/${balancer}/status`)).body as { statuses: { loadbalancer: Json } }).statuses.loadbalancer;
  // A failed delivery is tried again soon, and a second one says why.
  await until('the balancer is ACTIVE', async () => (await status())['provisioning_status'] === 'ACTIVE', 10).catch(async () => {
    const { provisioning_status: state, status_reason: reason } = await status();
    assert.fail(`${String(state)} after ${after()}: ${String(reason)}`);
  });
}

export async function gone(client: HostileClient, balancer: string): Promise<void> {
  await until('the balancer is gone', async () => (await client.send('GET', `${BALANCERS}/${balancer}`)).status === 404);
}

/** Whatever a client does, the server's log holds no error of its own. */
export async function assertNoErrors(cloud: Playground): Promise<void> {
  const log = await readFile(join(cloud.directory, 'server.log'), 'utf8');
  assert.deepEqual(
    log.split('\n').filter((line) => /"level":[56]0/.test(line)),
    [],
  );
}
