/** What the doctor asks of the host: user, programs, kernel. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { promisify } from 'node:util';
import type { Config } from '../config/options.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const run = promisify(execFile);

export const AS_ROOT = 'Run it as root: it makes network namespaces.';

export function nodeCheck(): Finding {
  const version = process.versions.node;
  return Number.parseInt(version, 10) >= 24 ? ok('node', version) : fail('node', version, 'Run it through ./weir or npm start, which bring Node 24.');
}

export function userCheck(): Finding {
  return isRoot() ? ok('user', 'root') : fail('user', `user ${process.getuid?.() ?? 'unknown'}`, AS_ROOT);
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The Debian package. */
  readonly from: string;
}

const PROGRAMS: readonly Program[] = [
  { command: 'ip', args: ['-Version'], from: 'iproute2' },
  { command: 'nft', args: ['--version'], from: 'nftables' },
  { command: 'conntrack', args: ['--version'], from: 'conntrack' },
  { command: 'nsenter', args: ['--version'], from: 'util-linux' },
  { command: 'sysctl', args: ['--version'], from: 'procps' },
  { command: 'curl', args: ['--version'], from: 'curl' },
];

export async function programChecks(config: Config): Promise<Finding[]> {
  return [
    ...(await Promise.all(PROGRAMS.map(programCheck))),
    await haproxyCheck(config.local_node.haproxy_binary),
    await keepalivedCheck(config.local_node.keepalived_binary),
    conntrackdCheck(config.local_node.conntrackd_binary),
  ];
}

async function programCheck({ command, args, from }: Program): Promise<Finding> {
  try {
    const { stdout, stderr } = await run(command, [...args]);
    return ok(command, version(stdout || stderr));
  } catch (error) {
    return fail(command, reason(error), `apt-get install ${from}`);
  }
}

/** 2.6 is the first whose runtime socket adds servers of every kind with health checks. */
const OLDEST_HAPROXY = [2, 6];

export async function haproxyCheck(binary: string): Promise<Finding> {
  try {
    const { stdout } = await run(binary, ['-vv']);
    return judgeHaproxy(stdout);
  } catch (error) {
    return fail('haproxy', `${binary}: ${reason(error)}`, 'apt-get install haproxy, or set [local_node] haproxy_binary');
  }
}

/** Only connections in the kernel of a balancer of two nodes need it. */
function conntrackdCheck(binary: string): Finding {
  if (existsSync(binary)) return ok('conntrackd', binary);
  return ok('conntrackd', `not installed: connections that the kernel carries end when the other node of a pair takes over`);
}

/** Reads the output of `haproxy -vv`. */
export function judgeHaproxy(text: string): Finding {
  const line = firstLine(text);
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(line) ?? [];
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_HAPROXY;
  const tooOld = major === undefined || Number(major) < oldestMajor || (Number(major) === oldestMajor && Number(minor) < oldestMinor);
  if (tooOld) return fail('haproxy', line, `HAProxy ${OLDEST_HAPROXY.join('.')} or newer is needed: Debian 12 has it.`);
  return text.includes('+OPENSSL') ? ok('haproxy', line) : warn('haproxy', `${line}, without TLS`, "Use a build with OpenSSL, such as Debian's.");
}

/** The first that was tried: it gives a VIP's interface the MAC it is told. */
const OLDEST_KEEPALIVED = [2, 2, 7];

/** Only a balancer of two nodes needs it. */
async function keepalivedCheck(binary: string): Promise<Finding> {
  try {
    const { stdout, stderr } = await run(binary, ['--version']);
    return judgeKeepalived(stdout || stderr);
  } catch (error) {
    return warn('keepalived', reason(error), 'apt-get install keepalived, or set [local_node] keepalived_binary: load balancers of two nodes need it.');
  }
}

/** Reads the output of `keepalived --version`. */
export function judgeKeepalived(text: string): Finding {
  const line = firstLine(text).split(' (')[0] ?? '';
  const numbers = /v(\d+)\.(\d+)\.(\d+)/.exec(line)?.slice(1).map(Number);
  const oldest = OLDEST_KEEPALIVED.join('.');
  const enough = numbers !== undefined && compare(numbers, OLDEST_KEEPALIVED) >= 0;
  return enough ? ok('keepalived', line) : warn('keepalived', line, `Load balancers of two nodes need ${oldest} or newer: Debian 12 has it.`);
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((number, index) => number - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Each is tried in a namespace that ends with the program. */
const KERNEL: readonly { readonly check: string; readonly args: readonly string[] }[] = [
  { check: 'veth', args: ['ip', 'link', 'add', 'weir0', 'type', 'veth', 'peer', 'name', 'weir1'] },
  { check: 'bridge', args: ['ip', 'link', 'add', 'weir0', 'type', 'bridge'] },
  { check: 'macvlan', args: ['sh', '-c', 'ip link add weir0 type veth peer name weir1 && ip link add weir2 link weir0 type macvlan'] },
  { check: 'nftables', args: ['nft', 'add', 'table', 'inet', 'weir'] },
];

export async function kernelChecks(): Promise<Finding[]> {
  const first = await kernelCheck('namespaces', ['true']);
  return first.result === 'ok' ? [first, ...(await Promise.all(KERNEL.map(({ check, args }) => kernelCheck(check, args))))] : [first];
}

async function kernelCheck(check: string, args: readonly string[]): Promise<Finding> {
  try {
    await run('unshare', ['--net', '--', ...args]);
    return ok(`kernel: ${check}`, 'works');
  } catch (error) {
    return fail(
      `kernel: ${check}`,
      reason(error),
      isRoot() ? 'Use a kernel with it; in a container, give that CAP_SYS_ADMIN and CAP_NET_ADMIN.' : 'Try again as root.',
    );
  }
}

/** Without the libraries it was built with. */
function version(text: string): string {
  return firstLine(text).split(/[,(]/)[0]?.trim() ?? '';
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

function reason(error: unknown): string {
  const { stderr, code, message } = error as { stderr?: string; code?: string; message: string };
  return code === 'ENOENT' ? 'not installed' : firstLine(stderr || message);
}

/** What an agent tells of its machine. */
export async function hostFacts(config: Config): Promise<Record<string, string>> {
  const memory = `${Math.round(os.totalmem() / 1_048_576)} MiB`;
  const found = await programChecks(config);
  const versions = found.filter(({ result, check }) => result !== 'fail' && TOLD.includes(check)).map(({ check, detail }) => [check, detail.slice(0, 200)]);
  return { kernel: os.release(), processors: String(os.availableParallelism()), memory, ...Object.fromEntries(versions) };
}

const TOLD = ['haproxy', 'keepalived', 'nft'];
