/** A member is added to a balancer that carries traffic: when does it get its first request? */
import { type Client, withClients } from '../client.ts';
import { now } from '../client-messages.ts';
import { LBAAS, addMember, findSubnet, makeTree, untilActive } from '../octavia.ts';
import { repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const RUNS = 15;

export async function member(): Promise<Row[]> {
  const values = await withServer({ provider: 'octavia', lab: true }, (server) => withClients(1, server.statePath, (client) => toFirstByte(server, client)));
  return [{ what: 'member added → first byte on it', unit: 'ms', values, better: 'less' }];
}

async function toFirstByte({ api }: ServerUnderTest, client: Client): Promise<number[]> {
  const tree = await makeTree(api, await findSubnet(api, 'private-subnet'));
  const target = { host: tree.balancer.vip_address, port: 80 };
  await addMember(api, tree, '192.168.1.10');
  await client.probe([target], 'web1');
  await untilActive(api, tree.balancer.id);
  return repeat(RUNS, async () => {
    const started = now();
    const probed = client.probe([target], 'web2');
    const id = await addMember(api, tree, '192.168.1.11');
    const took = (await probed) - started;
    await untilActive(api, tree.balancer.id);
    await api.call('DELETE', `${LBAAS}/pools/${tree.poolId}/members/${id}`);
    await untilActive(api, tree.balancer.id);
    return took;
  });
}
