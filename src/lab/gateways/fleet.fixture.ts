/** Virtual gateways for tests: as many as wanted, each behind a port of its own. */
import type { TestContext } from 'node:test';
import { realClock } from './clock.ts';
import { Device } from './device.ts';
import { type Tls, listen } from './server.ts';
import type { Release } from './image.ts';

export interface Running {
  readonly device: Device;
  readonly url: string;
  /** Another device answers at its address from now on. */
  replacedBy(device: Device): void;
}

export const PASSWORD = 'a password of its own';

export async function runDevice(
  t: Pick<TestContext, 'after'>,
  number: number,
  { release = '24.10', tls, packages = ['haproxy'] }: { release?: Release; tls?: Tls; packages?: readonly string[] } = {},
): Promise<Running> {
  const address = `192.0.2.${(number % 250) + 1}/24`;
  const names = {
    hostname: `gw${number}`,
    lanAddress: '192.168.1.1/24',
    wanAddress: address,
    wanGateway: '192.0.2.254',
    serial: `serial-${number}`,
    rootPassword: PASSWORD,
  };
  const device = new Device({ ...names, release, packages, clock: realClock, flash: 8_000_000 });
  const { url, close, serve } = await listen(device, tls ? { tls } : {});
  t.after(close);
  return { device, url, replacedBy: serve };
}
