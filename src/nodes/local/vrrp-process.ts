/**
 * A node's keepalived: it holds the VIP while the node is the active one of its pair. Like the proxy it runs in a session
 * of its own and outlives this process, with a keeper that starts it again. A second one would be a second owner: before
 * a start, whatever of one is in the namespace is ended, and the address taken off.
 */
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { VrrpConfig } from '../../model/node-config.ts';
import { VIP_LINKS, sharedAddresses, sharedLinks } from '../../render/keepalived/compile.ts';
import { NodeError } from '../node.ts';
import { run } from './command.ts';
import { readIfThere, writeWhole } from './files.ts';
import { isKeeper, kept } from './keeper.ts';
import { namespacePath } from './names.ts';
import { commandLineOf, end, isStopped, type Process, namespaceExists, parentOf, processesIn } from './namespace.ts';
import { until } from './pause.ts';
import { endOfLog, quoted, textSince } from './daemon-log.ts';
import type { Daemon } from '../programs/programs.ts';
import { acceptCandidate, launchInside } from './daemon-process.ts';
import { dropLink, linkState } from './switch.ts';
import { type VrrpFiles, isFaulty, livePid, readPid } from './vrrp-files.ts';

export interface VrrpPlace {
  readonly namespace: string;
  readonly files: VrrpFiles;
  /** keepalived's executable. */
  readonly keepalived: string;
}

const START_AT_MOST = 5000;
const RELOAD_AT_MOST = 3000;
/** At once it says goodbye to its peer, which takes over, and takes its address off; then it waits a second for nothing. */
const PATIENCE = 200;
const RELOADED = 'Reload complete';

/** What runs, as far as it can be trusted: one whose proxy is said to be dead, or whose interface is gone, counts as none. */
export async function presentVrrp(place: VrrpPlace): Promise<VrrpConfig | null> {
  const { files } = place;
  const [text, applied] = await Promise.all([readIfThere(files.config), readIfThere(files.applied)]);
  if (text === null || text !== applied || (await isFaulty(files))) return null;
  return (await soundPid(place)) === null ? null : { text };
}

/** Of a keepalived that is kept and has its interface. */
async function soundPid(place: VrrpPlace): Promise<number | null> {
  const { namespace, files } = place;
  const [keeper, pid] = await Promise.all([livePid(namespace, files.keeperPid), livePid(namespace, files.pid)]);
  if (keeper === null || pid === null || parentOf(pid) !== keeper || (await isHeldUp(files))) return null;
  return (await hasVipLinks(pid, files)) ? pid : null;
}

/** Read through the process: that costs no other one. */
async function hasVipLinks(pid: number, { config }: VrrpFiles): Promise<boolean> {
  const [devices, text] = await Promise.all([readIfThere(`/proc/${pid}/net/dev`), readIfThere(config)]);
  return sharedLinks({ text: text ?? '' }).every((link) => devices?.includes(` ${link}:`));
}

/** Whether keepalived is cared for. One that died is started again by its keeper; without that one, or stopped, it is lost. */
export async function isKept(place: VrrpPlace): Promise<boolean> {
  if (!(await namespaceExists(place.namespace)) || (await livePid(place.namespace, place.files.keeperPid)) === null) return false;
  return !(await isHeldUp(place.files));
}

async function isHeldUp({ pid, speakerPid }: VrrpFiles): Promise<boolean> {
  const pids = await Promise.all([pid, speakerPid].map(readPid));
  return pids.some((number) => number !== null && isStopped(number));
}

/** Those of the shared addresses that are on this node, whoever put them there; null where none is shared. */
export async function heldAddresses(place: VrrpPlace): Promise<string[] | null> {
  const text = await readIfThere(place.files.config);
  if (text === null || !(await namespaceExists(place.namespace))) return null;
  const held = await localAddresses(place);
  return sharedAddresses({ text }).filter((address) => held(address));
}

async function localAddresses(place: VrrpPlace): Promise<(address: string) => boolean> {
  const pid = (await livePid(place.namespace, place.files.keeperPid)) ?? (await livePid(place.namespace, place.files.pid));
  const [trie, sixth] =
    pid === null ? await askedInside(place) : await Promise.all([`/proc/${pid}/net/fib_trie`, `/proc/${pid}/net/if_inet6`].map(readIfThere));
  return (address) => isLocal(address, trie ?? '', sixth ?? '');
}

/** Without a process inside to read through. */
async function askedInside({ namespace }: VrrpPlace): Promise<string[]> {
  const inside = (path: string): Promise<string> => run('nsenter', [`--net=${namespacePath(namespace)}`, 'cat', path]);
  return Promise.all(['/proc/self/net/fib_trie', '/proc/self/net/if_inet6'].map(inside));
}

function isLocal(address: string, trie: string, sixth: string): boolean {
  const bytes = ipaddr.parse(address).toByteArray();
  if (bytes.length === 16) return sixth.includes(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(''));
  return new RegExp(`\\|-- ${bytes.join('\\.')}\\n\\s+/32 host LOCAL`).test(trie);
}

/** Where a sound one runs already, a start is a reload: the address stays where it is. The fault file tells the truth already. */
export async function startVrrp(place: VrrpPlace, vrrp: VrrpConfig): Promise<void> {
  if ((await soundPid(place)) !== null) return reloadVrrp(place, vrrp);
  await stopVrrp(place);
  await putConfig(place, vrrp);
  const logEnd = await endOfLog(place.files.log);
  const child = await launch(place);
  const started = await until(async () => (!child.hasEnded() ? ((await soundPid(place)) === null ? null : true) : false), 5, START_AT_MOST);
  child.release();
  if (started !== true) {
    await stopVrrp(place);
    throw new NodeError(`keepalived did not start: ${quoted(await textSince(place.files.log, logEnd))}`);
  }
  await writeWhole(place.files.applied, vrrp.text);
}

function launch({ namespace, files, keepalived }: VrrpPlace): Promise<Daemon> {
  const command = [keepalived, '-P', '-n', '-l', '-G', '-f', basename(files.config), '-p', basename(files.pid), '-r', basename(files.speakerPid)];
  return launchInside(namespace, files.directory, files.log, kept(command));
}

/** The active node stays active. */
export async function reloadVrrp(place: VrrpPlace, vrrp: VrrpConfig): Promise<void> {
  const pid = await soundPid(place);
  if (pid === null) throw new NodeError('no keepalived runs that could be reloaded');
  await putConfig(place, vrrp);
  const logEnd = await endOfLog(place.files.log);
  process.kill(pid, 'SIGHUP');
  const reloaded = await until(async () => ((await textSince(place.files.log, logEnd)).includes(RELOADED) ? true : null), 5, RELOAD_AT_MOST);
  if (reloaded === null) throw new NodeError(`keepalived did not reload: ${quoted(await textSince(place.files.log, logEnd))}`);
  await writeWhole(place.files.applied, vrrp.text);
}

/** From here on, until it is applied, nobody can say which configuration runs. */
async function putConfig(place: VrrpPlace, { text }: VrrpConfig): Promise<void> {
  const { files } = place;
  await writeWhole(files.candidate, text);
  await check(place);
  await rm(files.applied, { force: true });
  await rename(files.candidate, files.config);
}

function check({ namespace, files, keepalived }: VrrpPlace): Promise<void> {
  const command = [`--net=${namespacePath(namespace)}`, keepalived, '-P', '-t', '-f', basename(files.candidate)];
  return acceptCandidate('keepalived', files.candidate, run('nsenter', command, { cwd: files.directory }));
}

/** The keeper first: it would start another. What keepalived could not take off any more is taken off then. */
export async function stopVrrp(place: VrrpPlace): Promise<void> {
  const { namespace, files } = place;
  await end(await keepers(place), 0);
  await end(await daemons(place), PATIENCE);
  if (await namespaceExists(namespace)) for (const link of VIP_LINKS) await dropLink(namespace, link, await linkState(namespace, link));
  await Promise.all([files.applied, files.keeperPid, files.pid].map((path) => rm(path, { force: true })));
}

/** Forgets that the node was one of a pair. */
export async function endVrrp(place: VrrpPlace): Promise<void> {
  await stopVrrp(place);
  await Promise.all([place.files.config, place.files.fault].map((path) => rm(path, { force: true })));
}

async function keepers({ namespace }: VrrpPlace): Promise<Process[]> {
  return (await processesIn(namespace)).filter(({ pid }) => isKeeper(commandLineOf(pid)));
}

async function daemons({ namespace, keepalived }: VrrpPlace): Promise<Process[]> {
  const programs = new Set([basename(keepalived), 'keepalived']);
  return (await processesIn(namespace)).filter(({ program }) => programs.has(program));
}

/** Before anything of the plan is done: a proxy that is started for one of a pair is watched. */
export async function announcePair(files: VrrpFiles, vrrp: VrrpConfig): Promise<void> {
  if ((await readIfThere(files.config)) === vrrp.text) return;
  await rm(files.applied, { force: true });
  await writeWhole(files.config, vrrp.text);
}
