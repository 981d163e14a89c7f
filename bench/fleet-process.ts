/**
 * Virtual gateways in a process of their own, so that what they cost is not the server's. Arguments: how many, and how many of them are
 * slow. Says where they are once they answer; then does what it is told, and says how often they were asked.
 */
import { realClock } from '../src/lab/gateways/clock.ts';
import { Device } from '../src/lab/gateways/device.ts';
import { listen } from '../src/lab/gateways/server.ts';

/** To the process, and from it. */
export type FleetOrder =
  | { readonly kind: 'count' }
  | { readonly kind: 'kill'; readonly gateways: number }
  | { readonly kind: 'meddle'; readonly gateways: number }
  | { readonly kind: 'look' };
export type FleetAnswer =
  | { readonly kind: 'ready'; readonly urls: readonly string[]; readonly password: string }
  | { readonly kind: 'count'; readonly requests: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'look'; readonly meddled: number };

const SLOW_MS = 300;
const PASSWORD = 'measured';
const PROXY = '/etc/haproxy.cfg';

const [count, slow] = process.argv.slice(2).map(Number);
const running = await Promise.all(Array.from({ length: count ?? 0 }, (_, index) => run(index)));

async function run(index: number): Promise<{ device: Device; url: string; requests: () => number }> {
  const device = new Device({
    release: '24.10',
    hostname: `gw${index}`,
    lanAddress: '198.18.0.1/15',
    wanAddress: '192.0.2.1/24',
    wanGateway: '192.0.2.254',
    serial: `fleet-${index}`,
    rootPassword: PASSWORD,
    packages: ['haproxy'],
    clock: realClock,
    flash: 4 * 1024 * 1024,
  });
  device.adopt();
  if (index < (slow ?? 0)) device.knobs.latency = SLOW_MS;
  const { url, requests } = await listen(device);
  return { device, url, requests };
}

function carry(order: FleetOrder): FleetAnswer {
  switch (order.kind) {
    case 'count':
      return { kind: 'count', requests: running.reduce((sum, { requests }) => sum + requests(), 0) };
    case 'kill':
      // The last ones: the first are the slow.
      for (const { device } of running.slice(-order.gateways)) device.knobs.trouble = 'refuses';
      return { kind: 'done' };
    case 'meddle':
      for (const { device } of running.slice(0, order.gateways)) device.files.write(PROXY, `${device.files.text(PROXY) ?? ''}# a hand was here\n`);
      return { kind: 'done' };
    case 'look':
      return { kind: 'look', meddled: running.filter(({ device }) => device.files.text(PROXY)?.includes('# a hand was here') === true).length };
  }
}

process.on('message', (order: FleetOrder) => process.send?.(carry(order)));
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready', urls: running.map(({ url }) => url), password: PASSWORD } satisfies FleetAnswer);
