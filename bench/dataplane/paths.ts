/** The ways from the client to the backends that are measured against each other, and where their processes run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/nodes/local/command.ts';
import { until } from '../../src/nodes/local/pause.ts';
import { type ServerUnderTest, undone, withServer } from '../server.ts';
import { BACKEND_PORT, startBackends } from './backends.ts';
import { BACKENDS, type Bed, withBed } from './bed.ts';
import { PORTS, startByHand } from './by-hand.ts';
import { makeCertificate } from './certificate.ts';
import { spreadByHand } from './dnat-by-hand.ts';
import { type Processors, inside, pin } from './processes.ts';
import { kernelBalancer, proxyBalancer, proxyPids } from './site.ts';

export type PathName = 'direct' | 'routed' | `${'by hand' | 'ours'}, nftables` | `${'by hand' | 'by hand, our sysctls' | 'ours'}, ${'HTTP' | 'TCP' | 'TLS'}`;

export interface Path {
  readonly name: PathName;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly tls: boolean;
  /** Of the proxy; none where the kernel does it. */
  readonly pids: readonly number[];
}

/** Who may use which processors. */
export interface Seats {
  readonly client: Processors;
  readonly proxy: Processors;
  readonly backends: Processors;
}

/** As the reference measurement has it: the client, the proxy and the backends never take each other's processor. */
export const APART: Seats = { client: '0', proxy: '1', backends: '2,3' };
export const ANYWHERE: Seats = { client: null, proxy: null, backends: null };

export interface Site {
  readonly bed: Bed;
  readonly directory: string;
  readonly seats: Seats;
  readonly paths: readonly Path[];
}

const ANSWER_MS = 20_000;

/** Everything that is measured against each other, at once; gone afterwards. */
export function withPaths<T>(seats: Seats, work: (site: Site) => Promise<T>): Promise<T> {
  if (seats.client !== null && availableParallelism() < 4)
    throw new Error('At least four processors are needed: for the client, the proxy and two for the backends');
  const directory = mkdtempSync(join(tmpdir(), 'edgeweir-bench-paths-'));
  const forget = (): Promise<void> => Promise.resolve(rmSync(directory, { recursive: true, force: true }));
  const whole = (server: ServerUnderTest): Promise<T> =>
    withBed(server, async (bed) => {
      const paths = await build(bed, directory, seats);
      for (const path of paths) await answers(bed, path);
      return work({ bed, directory, seats, paths });
    });
  return undone(forget, () => withServer({ provider: 'octavia' }, whole));
}

async function build(bed: Bed, directory: string, seats: Seats): Promise<Path[]> {
  const certificate = await makeCertificate(directory);
  startBackends(bed, directory, seats.backends);
  const byHand = (['plain', 'tuned'] as const).map((host) => startByHand(bed, host, certificate.bundle, directory, seats.proxy).pid ?? 0);
  const proxy = await proxyBalancer(bed, certificate);
  const kernel = await kernelBalancer(bed, PORTS.tcp);
  await spreadByHand(bed, ['tcp'], PORTS.tcp, BACKENDS);
  const pids = await proxyPids(bed, proxy);
  await pin(pids, seats.proxy);
  const without = (name: 'direct' | 'routed', network: 'near' | 'back'): Path => {
    return { name, addresses: BACKENDS.map((host) => bed.address(host, network)), port: BACKEND_PORT, tls: false, pids: [] };
  };
  return [
    without('direct', 'near'),
    without('routed', 'back'),
    ...proxied('by hand', bed.address('plain', 'front'), byHand.slice(0, 1)),
    ...proxied('by hand, our sysctls', bed.address('tuned', 'front'), byHand.slice(1)),
    ...proxied('ours', proxy.vip_address, pids),
    { name: 'by hand, nftables', addresses: [bed.address('kernel', 'front')], port: PORTS.tcp, tls: false, pids: [] },
    { name: 'ours, nftables', addresses: [kernel.vip_address], port: PORTS.tcp, tls: false, pids: [] },
  ];
}

function proxied(who: 'by hand' | 'by hand, our sysctls' | 'ours', address: string, pids: readonly number[]): Path[] {
  const common = { addresses: [address], pids };
  return [
    { ...common, name: `${who}, HTTP`, port: PORTS.http, tls: false },
    { ...common, name: `${who}, TCP`, port: PORTS.tcp, tls: false },
    { ...common, name: `${who}, TLS`, port: PORTS.tls, tls: true },
  ];
}

async function answers(bed: Bed, { name, addresses, port, tls }: Path): Promise<void> {
  for (const address of addresses) {
    const url = `${tls ? 'https' : 'http'}://${address}:${port}/`;
    const [program = '', ...words] = inside(bed.namespace('client'), null, ['curl', '--silent', '--insecure', '--max-time', '1', url]);
    const answered = await until(async () => ((await run(program, words, { tolerant: true })).startsWith('backend') ? true : null), 50, ANSWER_MS);
    if (answered === null) throw new Error(`${name}: ${url} does not answer`);
  }
}
