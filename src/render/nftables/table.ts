/** A table as a value: what is always declared in it, and the texts that make it and that turn one into another. Pure. */
import { createHash } from 'node:crypto';
import type { PacketChain, PacketConfig } from '../../model/node-config.ts';
import type { Family } from './argument.ts';
import { headerOf } from './argument.ts';

/** The one table of a node. */
export const TABLE = 'inet weir';

/** Clients that are remembered at a time, as many as fit into some 10 MiB of the kernel's. */
const MOST_REMEMBERED = 65_536;

/**
 * Sets and maps, by name. A packet's service is a number (its mark) from the first look-up on, so that all further keys
 * are short: with IPv6 addresses in them nft 1.0.6 runs out of registers.
 */
export function declarations(family: Family): string[] {
  const ip = headerOf(family);
  const addressType = family === 6 ? 'ipv6_addr' : 'ipv4_addr';
  return [
    `map services { typeof ${ip} daddr . meta l4proto . th dport : meta mark; }`,
    'map algorithm { typeof meta mark : verdict; }',
    'map slots { typeof meta mark . numgen inc mod 256 : ct mark; }',
    `map members { typeof meta mark . ct mark : ${ip} daddr . th dport; }`,
    'set restricted { typeof meta mark; }',
    `set allowed { typeof meta mark . ${ip} saddr; flags interval; }`,
    'set limits { typeof meta mark; ct count over 1; }',
    'map recall { typeof meta mark : verdict; }',
    'map remember { typeof meta mark : verdict; }',
    // Who was sent where; the kernel's own, never written from here. `numgen` is how nft is told of a plain 32-bit number.
    `map sticky { typeof meta mark . ${family === 6 ? 'numgen inc mod 2' : 'ip saddr'} : ct mark; flags dynamic,timeout; size ${MOST_REMEMBERED}; }`,
    'map bytes_in { type mark : counter; }',
    `map bytes_out { type ${addressType} . inet_proto . inet_service : counter; }`,
    'map connections { type mark : counter; }',
  ];
}

type Parts = Pick<PacketConfig, 'chains' | 'counters' | 'elements' | 'services'>;

export function packetConfig(family: Family, parts: Parts): PacketConfig {
  const declared = declarations(family);
  const schema = digestOf(declared);
  const text = fullText(declared, parts);
  return { text, digest: digestOf([schema, parts]), schema, ...parts };
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);
}

/** The first line makes sure that there is something to delete; all of it is one transaction. */
function fullText(declared: readonly string[], { chains, counters, elements }: Parts): string {
  return [
    `add table ${TABLE}`,
    `delete table ${TABLE}`,
    `add table ${TABLE}`,
    ...declared.map((line) => line.replace(/^(map|set) (\S+)/, `add $1 ${TABLE} $2`)),
    ...counters.map(addCounter),
    ...chains.map(addChain),
    ...Object.entries(elements).flatMap(([name, of]) => addElements(name, Object.values(of))),
    ...chains.flatMap(addRules),
    '',
  ].join('\n');
}

/** How many elements stand on a line: nft's reader takes longer lines, people do not. */
const PER_LINE = 64;

function addElements(name: string, texts: readonly string[]): string[] {
  return inLines(texts).map((line) => `add element ${TABLE} ${name} { ${line} }`);
}

function deleteElements(name: string, keys: readonly string[]): string[] {
  return inLines(keys).map((line) => `delete element ${TABLE} ${name} { ${line} }`);
}

function inLines(texts: readonly string[]): string[] {
  const lines = Math.ceil(texts.length / PER_LINE);
  return Array.from({ length: lines }, (_, line) => texts.slice(line * PER_LINE, (line + 1) * PER_LINE).join(', '));
}

function addCounter(name: string): string {
  return `add counter ${TABLE} ${name}`;
}

function addChain({ name, hook }: PacketChain): string {
  return `add chain ${TABLE} ${name}${hook === null ? '' : ` { ${hook} }`}`;
}

function addRules({ name, rules }: PacketChain): string[] {
  return rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`);
}

/**
 * What turns the table that is there into the wanted one, as one transaction. Nothing that both have is touched: counters
 * go on counting, and the kernel goes on knowing clients and connections. A table of other declarations is made anew.
 */
export function changeText(present: PacketConfig | null, wanted: PacketConfig): string {
  if (present === null || present.schema !== wanted.schema) return wanted.text;
  const names = Object.keys(wanted.elements);
  const changed = changedChains(present.chains, wanted.chains);
  return [
    ...missing(present.counters, wanted.counters).map(addCounter),
    ...changed.flatMap((chain) => [addChain(chain), `flush chain ${TABLE} ${chain.name}`]),
    ...names.flatMap((name) => deleteElements(name, staleKeys(present.elements[name] ?? {}, wanted.elements[name] ?? {}))),
    ...names.flatMap((name) => addElements(name, newTexts(present.elements[name] ?? {}, wanted.elements[name] ?? {}))),
    ...changed.flatMap(addRules),
    ...staleChains(present.chains, wanted.chains),
    ...missing(wanted.counters, present.counters).map((name) => `delete counter ${TABLE} ${name}`),
    '',
  ].join('\n');
}

/** Those of `wanted` that `present` lacks. */
function missing(present: readonly string[], wanted: readonly string[]): string[] {
  const there = new Set(present);
  return wanted.filter((name) => !there.has(name));
}

function changedChains(present: readonly PacketChain[], wanted: readonly PacketChain[]): PacketChain[] {
  const before = new Map(present.map((chain) => [chain.name, JSON.stringify(chain)]));
  return wanted.filter((chain) => before.get(chain.name) !== JSON.stringify(chain));
}

function staleChains(present: readonly PacketChain[], wanted: readonly PacketChain[]): string[] {
  const stale = missing(
    wanted.map(({ name }) => name),
    present.map(({ name }) => name),
  );
  return [...stale.map((name) => `flush chain ${TABLE} ${name}`), ...stale.map((name) => `delete chain ${TABLE} ${name}`)];
}

type Elements = Readonly<Record<string, string>>;

function staleKeys(present: Elements, wanted: Elements): string[] {
  return Object.keys(present).filter((key) => present[key] !== wanted[key]);
}

function newTexts(present: Elements, wanted: Elements): string[] {
  return Object.entries(wanted).flatMap(([key, text]) => (present[key] === text ? [] : [text]));
}
