/** `weir lab gateways`: OpenWrt devices that are not there, as many as wanted, until they are told to stop. */
import { randomBytes } from 'node:crypto';
import { realClock } from '../lab/gateways/clock.ts';
import { Device } from '../lab/gateways/device.ts';
import { RELEASES, type Release } from '../lab/gateways/image.ts';
import { type Listening, listen } from '../lab/gateways/server.ts';
import { networkParts } from '../render/address.ts';
import { CliError } from './cli-error.ts';
import { type OutputOptions, formatRows } from './output.ts';
import { onStopRequest } from './stop-signal.ts';

export interface LabGatewayOptions extends OutputOptions {
  readonly count: string;
  readonly basePort: string;
  readonly release: string;
  readonly latency: string;
  readonly loss: string;
  readonly packages: string;
  readonly lan: string;
}

/** Of flash for files of their own: what a device with 16 MB has left. */
const FLASH = 4 * 1024 * 1024;
const COUNT_AT_MOST = 5000;

/** All have the same password, which is made for this run and printed. */
export async function labGateways(options: LabGatewayOptions): Promise<void> {
  const count = whole(options.count, '--count', 1, COUNT_AT_MOST);
  const basePort = whole(options.basePort, '--base-port', 0, 65_535 - count);
  const knobs = { latency: whole(options.latency, '--latency', 0, 60_000), loss: whole(options.loss, '--loss', 0, 100) };
  const release = releaseNamed(options.release);
  if (networkParts(options.lan)?.address.includes('.') !== true)
    throw new CliError(`--lan must be an IPv4 address with a prefix length, not '${options.lan}'`, { exitCode: 2 });
  const rootPassword = randomBytes(12).toString('base64url');
  const stop = onStopRequest(() => {});
  const running: (Listening & { readonly name: string })[] = [];
  try {
    for (let number = 1; number <= count; number++) {
      const device = deviceOf(number, release, rootPassword, options);
      device.adopt();
      Object.assign(device.knobs, knobs);
      running.push({ name: `gw${number}`, ...(await listen(device, { port: basePort === 0 ? 0 : basePort + number - 1 })) });
    }
    const rows = running.map(({ name, url }) => ({ name, url, username: 'root', password: rootPassword, release: RELEASES[release].version }));
    process.stdout.write(`${formatRows(rows, ['name', 'url', 'username', 'password', 'release'], options).trimEnd()}\n`);
    process.stderr.write('They answer until this is stopped (Ctrl-C).\n');
    await stop.stopped;
  } catch (error) {
    throw taken(error);
  } finally {
    await Promise.all(running.map((one) => one.close()));
  }
}

function deviceOf(number: number, release: Release, rootPassword: string, { packages, lan }: Pick<LabGatewayOptions, 'packages' | 'lan'>): Device {
  const site = [Math.floor(number / 250), number % 250];
  return new Device({
    release,
    hostname: `gw${number}`,
    lanAddress: lan,
    wanAddress: `198.18.${site[0]}.${(site[1] ?? 0) + 1}/24`,
    wanGateway: `198.18.${site[0]}.254`,
    serial: `virtual-${number}`,
    rootPassword,
    packages: packages.split(',').filter((name) => name !== ''),
    clock: realClock,
    flash: FLASH,
  });
}

function whole(text: string, option: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new CliError(`${option} must be a number from ${least} to ${most}, not '${text}'`, { exitCode: 2 });
}

function releaseNamed(name: string): Release {
  if (Object.hasOwn(RELEASES, name)) return name as Release;
  throw new CliError(`There is no virtual release '${name}'`, { remedy: `There are: ${Object.keys(RELEASES).join(', ')}`, exitCode: 2 });
}

function taken(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error;
  return new CliError(`A port is already in use: ${error.message}`, { remedy: 'Choose another --base-port, or 0 for any that are free', cause: error });
}
