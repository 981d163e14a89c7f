/** A hundred balancers asked for at once: when does the last of them carry traffic, and when are all gone again? */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, withClients } from '../client.ts';
import { now } from '../client-messages.ts';
import { LBAAS, type Balancer, type Tree, addMember, findSubnet, makeTree, remove } from '../octavia.ts';
import { concurrently, repeat } from '../repeat.ts';
import type { Row } from '../result.ts';
import { type ServerUnderTest, withServer } from '../server.ts';

const RUNS = 3;
const BALANCERS = 100;
const CLIENTS = 16;

interface Times {
  readonly answered: number;
  readonly carrying: number;
  readonly gone: number;
}

export async function many(): Promise<Row[]> {
  const times = await withServer({ provider: 'octavia', lab: true }, (server) =>
    withClients(1, server.statePath, (client) => repeat(RUNS, () => run(server, client))),
  );
  const row = (what: string, values: number[]): Row => ({ what: `${BALANCERS} balancers ${what}`, unit: 'ms', values, better: 'less' });
  return [
    row(
      'asked for, all requests answered',
      times.map(({ answered }) => answered),
    ),
    row(
      'asked for → all carrying traffic',
      times.map(({ carrying }) => carrying),
    ),
    row(
      'deleted → all gone',
      times.map(({ gone }) => gone),
    ),
  ];
}

async function run({ api }: ServerUnderTest, client: Client): Promise<Times> {
  const subnet = await findSubnet(api, 'private-subnet');
  const started = now();
  const trees = await concurrently(CLIENTS, Array.from({ length: BALANCERS }), () => makeWithMember(api, subnet));
  const answered = now() - started;
  const carrying = (await client.probe(trees.map(({ balancer }) => ({ host: balancer.vip_address, port: 80 })))) - started;
  const deleting = now();
  await concurrently(CLIENTS, trees, ({ balancer }) => remove(api, balancer));
  await untilNoneIsLeft(api);
  return { answered, carrying, gone: now() - deleting };
}

async function makeWithMember(api: ServerUnderTest['api'], subnet: string): Promise<Tree> {
  const tree = await makeTree(api, subnet);
  await addMember(api, tree, '192.168.1.10');
  return tree;
}

async function untilNoneIsLeft(api: ServerUnderTest['api']): Promise<void> {
  const left = async (): Promise<Balancer[]> =>
    (await api.call<{ loadbalancers: Balancer[] }>('GET', `${LBAAS}/loadbalancers`)).loadbalancers.filter(
      ({ provisioning_status: status }) => status !== 'DELETED',
    );
  const until = now() + 120_000;
  while ((await left()).length > 0) {
    if (now() > until) throw new Error('Load balancers are still there after two minutes');
    await sleep(20);
  }
}
