/** Live gateways in the lab's networks: a LAN that its client and web servers are on, and a WAN. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { realClock } from '../src/lab/gateways/clock.ts';
import { LiveGateway } from '../src/lab/gateways/live.ts';
import { type Listening, listen } from '../src/lab/gateways/server.ts';
import type { Release } from '../src/lab/gateways/image.ts';
import { macOf } from '../src/model/mac.ts';
import { createNamespace } from '../src/nodes/local/namespace.ts';
import { plug } from '../src/nodes/local/switch.ts';
import type { Requester } from '../src/lab/api-client.ts';
import type { Playground } from './playground.fixture.ts';

export const GATEWAY_PASSWORD = 'of this gateway alone';

export interface Running {
  readonly live: LiveGateway;
  readonly url: string;
  readonly listening: Listening;
  readonly namespace: string;
}

/** @param number - from 2 to 9: its address on both networks */
export async function runGateway(
  t: { readonly after: (undo: () => Promise<void>) => unknown },
  cloud: Pick<Playground, 'instance'>,
  api: Requester,
  number: number,
  { release = '24.10', packages = ['haproxy'] }: { readonly release?: Release; readonly packages?: readonly string[] } = {},
): Promise<Running> {
  const namespace = `weir-${cloud.instance}-lab-gw${number}`;
  await createNamespace(namespace, {});
  const [lan, wan] = [`192.168.1.${number}`, `203.0.113.${number}`];
  for (const [index, [network, address]] of [['private', lan] as const, ['public', wan] as const].entries())
    await connect(cloud, api, { network, address, index, namespace, number });
  const live = new LiveGateway({
    release,
    packages,
    hostname: `gw${number}`,
    lanAddress: `${lan}/24`,
    wanAddress: `${wan}/24`,
    wanGateway: '203.0.113.1',
    serial: `live-${number}`,
    rootPassword: GATEWAY_PASSWORD,
    clock: realClock,
    flash: 8_000_000,
    namespace,
    directory: mkdtempSync('/tmp/gw-'),
  });
  const listening = await listen(live.device);
  t.after(async () => {
    await listening.close();
    await live.stop();
    execFileSync('ip', ['netns', 'del', namespace]);
  });
  await live.start();
  return { live, url: listening.url, listening, namespace };
}

interface Link {
  readonly network: string;
  readonly address: string;
  readonly index: number;
  readonly namespace: string;
  readonly number: number;
}

async function connect(cloud: Pick<Playground, 'instance'>, api: Requester, { network: name, address, index, namespace, number }: Link): Promise<void> {
  const { networks } = await api.request<{ networks: { id: string; mtu: number }[] }>('GET', `/network/v2.0/networks?name=${name}`);
  const [network] = networks;
  if (!network) throw new Error(`the lab has no network ${name}`);
  const hostLink = `lab-gw${number}.${index}`;
  await plug({ instance: cloud.instance, networkId: network.id, namespace, name: `eth${index}`, mac: macOf(address), mtu: network.mtu, hostLink });
}
