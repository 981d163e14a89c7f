/** What an installation has on this host: namespaces, proxies, links, directories. Read from the kernel, not from the product. */
import { execFile } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Playground } from './playground.fixture.ts';

const run = promisify(execFile);

export interface Footprint {
  /** Hex ids of the nodes that have a namespace, sorted. */
  readonly nodes: readonly string[];
  /** Of each node, its HAProxy processes that no other of them started. */
  readonly masters: Readonly<Record<string, readonly number[]>>;
  readonly workers: Readonly<Record<string, readonly number[]>>;
  /** HAProxies that work in this installation's run directory but in none of its namespaces. */
  readonly strays: readonly number[];
  /** Outer ends of nodes' links, sorted. */
  readonly links: readonly string[];
  /** Names of the nodes' run directories, sorted. */
  readonly directories: readonly string[];
}

interface Proxy {
  readonly pid: number;
  readonly parent: number;
}

export async function footprint(cloud: Playground): Promise<Footprint> {
  const prefix = `weir-${cloud.instance}-`;
  const nodes = (await cloud.namespaces())
    .map((name) => name.slice(prefix.length))
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .toSorted();
  const proxies = await proxiesBelow(cloud.directory);
  const inside = await Promise.all(nodes.map(async (node) => proxiesOf(proxies, await cloud.pids(`${prefix}${node}`))));
  const known = new Set(inside.flat().map(({ pid }) => pid));
  return {
    nodes,
    masters: Object.fromEntries(nodes.map((node, index) => [node, (inside[index] ?? []).filter(({ parent }) => !known.has(parent)).map(({ pid }) => pid)])),
    workers: Object.fromEntries(nodes.map((node, index) => [node, (inside[index] ?? []).filter(({ parent }) => known.has(parent)).map(({ pid }) => pid)])),
    strays: proxies.map(({ pid }) => pid).filter((pid) => !known.has(pid)),
    links: await outerLinks(`${prefix}sw`),
    directories: (await readdir(join(cloud.directory, 'run', cloud.instance)).catch((): string[] => [])).toSorted(),
  };
}

function proxiesOf(proxies: readonly Proxy[], pids: readonly number[]): Proxy[] {
  return proxies.filter(({ pid }) => pids.includes(pid));
}

/** HAProxies whose working directory lies below: also those whose namespace has lost its name. */
export async function proxiesBelow(directory: string): Promise<Proxy[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map((pid) => proxyBelow(pid, directory)));
  return found.filter((proxy) => proxy !== null);
}

async function proxyBelow(pid: number, directory: string): Promise<Proxy | null> {
  try {
    const [place, status] = await Promise.all([readlink(`/proc/${pid}/cwd`), readFile(`/proc/${pid}/status`, 'utf8')]);
    if (!place.startsWith(`${directory}/`) || !/^Name:\s+haproxy$/m.test(status) || /^State:\s+Z/m.test(status)) return null;
    return { pid, parent: Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) };
  } catch {
    // It ended meanwhile.
    return null;
  }
}

async function outerLinks(namespace: string): Promise<string[]> {
  const { stdout } = await run('ip', ['-n', namespace, '-j', 'link', 'show', 'type', 'veth']).catch(() => ({ stdout: '[]' }));
  const links = JSON.parse(stdout || '[]') as { ifname?: string }[];
  return links.flatMap(({ ifname }) => (ifname !== undefined && /^a[0-9a-f]{12}\./.test(ifname) ? [ifname] : [])).toSorted();
}
