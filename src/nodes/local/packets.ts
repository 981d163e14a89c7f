/**
 * A node's table of nftables. The kernel holds the truth: beside the table's own chains there is an empty one whose name
 * seals it, made after everything else was done: it says which config the table is, and what nft listed then. A change that
 * a crash cut off has no seal, and one made by hand breaks it; in both cases the table is made anew, in one transaction.
 */
import { rm } from 'node:fs/promises';
import { type PacketConfig, type PacketMember, type PacketService, STRANGE_PACKETS } from '../../model/node-config.ts';
import { TABLE, changeText } from '../../render/nftables/table.ts';
import { allDone } from './all-done.ts';
import { CommandError, run } from './command.ts';
import { readIfThere, writeWhole } from './files.ts';
import { type NodeFiles, namespacePath } from './names.ts';
import { namespaceExists, setSysctls } from './namespace.ts';
import { DATAGRAMS, cutStrayFlows } from './packet-flows.ts';
import { type Listed, type Seal, parseTable, sealName } from './packet-table.ts';

export interface PacketPlace {
  readonly namespace: string;
  readonly files: NodeFiles;
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
  const text = await readIfThere(place.files.packets);
  if (text === null) return { filed: false, config: null, listed: null };
  const [listed, forwards] = await Promise.all([listTable(place, ['-a']), isForwarding(place)]);
  const config = parseConfig(text);
  const { seal } = listed ?? {};
  const sound = listed && seal && config && seal.digest === config.digest && seal.content === listed.content;
  return { filed: true, config: sound && forwards ? config : null, listed };
}

/** Ours, but a power loss or a hand may have left anything in it. */
function parseConfig(text: string): PacketConfig | null {
  try {
    const value = JSON.parse(text) as Partial<PacketConfig> | null;
    return typeof value?.digest === 'string' && Array.isArray(value.services) ? { ...STRANGE_PACKETS, ...value } : null;
  } catch {
    return null;
  }
}

/** What the node's file says, whatever the kernel has; null without one. */
export async function filedPackets({ files }: PacketPlace): Promise<PacketConfig | null> {
  const text = await readIfThere(files.packets);
  return text === null ? null : (parseConfig(text) ?? STRANGE_PACKETS);
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

async function cutFlows({ namespace }: PacketPlace, present: PacketConfig | null, wanted: PacketConfig): Promise<void> {
  const addresses = new Set([...(present?.services ?? []), ...wanted.services].map(({ address }) => address));
  const protocols = DATAGRAMS.filter((protocol) => present === null || mayHaveStrays(present.services, wanted.services, protocol));
  for (const address of addresses) await cutStrayFlows(namespace, address, protocols, wanted.services);
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
  const filed = await filedPackets(place);
  if (filed === null) return;
  await setForwarding(place, '0');
  await nft(place, `add table ${TABLE}\ndelete table ${TABLE}\n`);
  await cutFlows(place, filed, STRANGE_PACKETS);
  await rm(place.files.packets, { force: true });
}
