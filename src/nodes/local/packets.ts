/**
 * A node's table of nftables. The kernel holds the truth: beside the table's own chains there is an empty one whose name
 * seals it, made after everything else was done: it says which config the table is, and what nft listed then. A change that
 * a crash cut off has no seal, and one made by hand breaks it; in both cases the table is made anew, in one transaction.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Log } from '../../model/log.ts';
import { type PacketConfig, type PacketMember, type PacketService, STRANGE_PACKETS } from '../../model/node-config.ts';
import { TABLE, changeText } from '../../render/nftables/table.ts';
import { NodeError } from '../node.ts';
import { allDone } from './all-done.ts';
import { CommandError, run } from './command.ts';
import type { FiledPackets } from './filed-packets.ts';
import { readIfThere, writeWhole } from './files.ts';
import { type NodeFiles, namespacePath } from './names.ts';
import { namespaceExists, setSysctls } from './namespace.ts';
import { addressesOf } from './packet-flows.ts';
import { type Listed, type Seal, parseTable, sealName } from './packet-table.ts';
import { DATAGRAMS, cutStrayFlows } from './stray-flows.ts';

export interface PacketPlace {
  readonly namespace: string;
  readonly files: NodeFiles;
  readonly filed: FiledPackets;
  readonly log: Log;
}

/** A node forwards only while it has the table, which lets through what it balances and nothing else. */
const FORWARDING = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'];

/** null when there is none, and none is half deleted: the file goes last. One that is not as it was made is a strange one. */
export async function readPackets(place: PacketPlace): Promise<PacketConfig | null> {
  const { filed, config } = await readTable(place);
  return filed ? (config ?? STRANGE_PACKETS) : null;
}

interface Present {
  /** Whether the node is said to have a table. */
  readonly filed: boolean;
  /** null where the table is not there, or not as it was made. */
  readonly config: PacketConfig | null;
  readonly listed: Listed | null;
}

async function readTable(place: PacketPlace): Promise<Present> {
  // The file is there before the table and goes after it: most nodes have neither, and need not be asked.
  const filed = await place.filed.read(place.files.packets);
  if (filed === null) return { filed: false, config: null, listed: null };
  const [listed, forwards] = await Promise.all([listTable(place, ['-a']), isForwarding(place)]);
  const { config } = filed;
  const { seal } = listed ?? {};
  const sound = listed && seal && config && seal.digest === config.digest && seal.content === listed.content;
  return { filed: true, config: sound && forwards ? config : null, listed };
}

/** @param flags `-t` leaves the elements out */
export async function listTable(place: PacketPlace, flags: readonly string[]): Promise<Listed | null> {
  try {
    return parseTable(await inside(place, 'nft', [...flags, 'list', 'table', ...TABLE.split(' ')]));
  } catch (error) {
    // Without the namespace there is no table either, and nobody to ask.
    if (error instanceof CommandError && (error.words.includes('No such file or directory') || !(await namespaceExists(place.namespace)))) return null;
    throw error;
  }
}

async function isForwarding(place: PacketPlace): Promise<boolean> {
  const values = await inside(place, 'sysctl', ['--values', '--ignore', ...FORWARDING]);
  return values.split('\n').every((value) => value === '1' || value === '');
}

function inside({ namespace }: PacketPlace, program: string, args: readonly string[], input?: string): Promise<string> {
  return run('nsenter', [`--net=${namespacePath(namespace)}`, program, ...args], input === undefined ? {} : { input });
}

export async function setPackets(place: PacketPlace, wanted: PacketConfig): Promise<void> {
  const { config, listed } = await readTable(place);
  if (config?.digest === wanted.digest) return;
  await writeWhole(place.files.packets, JSON.stringify(wanted));
  await change(place, config, listed?.seal ?? null, wanted);
  // A table that was sound was of a node that forwards.
  if (!config) await setForwarding(place, '1');
  const [made] = await allDone([listTable(place, ['-a']), cutFlows(place, config, wanted)]);
  if (made) await nft(place, `add chain ${TABLE} ${sealName({ digest: wanted.digest, frame: made.frame, content: made.content })}\n`);
}

async function change(place: PacketPlace, present: PacketConfig | null, seal: Seal | null, wanted: PacketConfig): Promise<void> {
  if (present === null || seal === null) return nft(place, wanted.text);
  try {
    await nft(place, `delete chain ${TABLE} ${sealName(seal)}\n${changeText(present, wanted)}`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // A hand was quicker than the look at the table. Whole, it does not depend on what is there.
    await nft(place, wanted.text);
  }
}

function nft(place: PacketPlace, text: string): Promise<void> {
  return inside(place, 'nft', ['-f', '-'], text).then(() => {});
}

async function setForwarding(place: PacketPlace, value: '0' | '1'): Promise<void> {
  await setSysctls(place.namespace, Object.fromEntries(FORWARDING.map((key) => [key, value])));
}

async function cutFlows(place: PacketPlace, present: PacketConfig | null, wanted: PacketConfig): Promise<void> {
  const owed = await owedCuts(place);
  const protocols = DATAGRAMS.filter((protocol) => owed !== null || present === null || mayHaveStrays(present.services, wanted.services, protocol));
  const addresses = new Set([...(owed ?? []), ...addressesOf(present?.services ?? []), ...addressesOf(wanted.services)]);
  await cutOrOwe(place, [...addresses], protocols, wanted.services);
}

/** Whether flows may be left that ought to have been cut. */
export function owesCuts({ files }: Pick<PacketPlace, 'files'>): boolean {
  return existsSync(files.owedCuts);
}

/** Tries again to cut them. */
export async function cutOwedFlows(place: PacketPlace): Promise<void> {
  const [owed, filed] = await Promise.all([owedCuts(place), place.filed.read(place.files.packets)]);
  const services = filed?.config?.services;
  if (owed && services) await cutOrOwe(place, [...new Set([...owed, ...addressesOf(services)])], DATAGRAMS, services);
}

/** The addresses at which there may be some; null when there is nothing to be done. What nobody can read says that there is. */
async function owedCuts({ files }: PacketPlace): Promise<string[] | null> {
  const text = await readIfThere(files.owedCuts);
  return text === null ? null : text.split('\n').filter((address) => isIP(address) !== 0);
}

/** A table must not wait for the end of flows to be whole: what cannot be cut is written down and tried again. */
async function cutOrOwe(
  { namespace, files, log }: PacketPlace,
  addresses: readonly string[],
  protocols: readonly PacketService['protocol'][],
  services: readonly PacketService[],
): Promise<void> {
  try {
    for (const protocol of protocols) for (const address of addresses) await cutStrayFlows(namespace, address, protocol, services);
    if (protocols.length > 0) await rm(files.owedCuts, { force: true });
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    log.warn({ namespace, reason: error.message }, 'flows without a member cannot be cut, will try again');
    await writeWhole(files.owedCuts, addresses.join('\n'));
  }
}

/** Whether a flow could have lost its member, or a service be new to flows that its clients began before it. */
function mayHaveStrays(before: readonly PacketService[], after: readonly PacketService[], protocol: PacketService['protocol']): boolean {
  const keeping = (services: readonly PacketService[]): string[] =>
    services.filter((service) => service.protocol === protocol).flatMap(({ port, members }) => [`${port}`, ...keepers(port, members)]);
  const [kept, keeps] = [new Set(keeping(before)), new Set(keeping(after))];
  return [...kept].some((key) => !keeps.has(key)) || [...keeps].some((key) => !key.includes(' ') && !kept.has(key));
}

function keepers(port: number, members: readonly PacketMember[]): string[] {
  return members.filter(({ keepsFlows }) => keepsFlows).map(({ number }) => `${port} ${number}`);
}

/** Nothing there is success. */
export async function deletePackets(place: PacketPlace): Promise<void> {
  const filed = await place.filed.read(place.files.packets);
  if (filed === null) return;
  await setForwarding(place, '0');
  await nft(place, `add table ${TABLE}\ndelete table ${TABLE}\n`);
  await cutFlows(place, filed.config ?? STRANGE_PACKETS, STRANGE_PACKETS);
  await Promise.all([place.files.packets, place.files.owedCuts].map((path) => rm(path, { force: true })));
}
