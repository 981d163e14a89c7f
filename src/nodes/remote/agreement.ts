/** What both ends of a conversation about nodes have agreed on. */
import { type Read, flag, line, list, mapOf, nullable, object, oneOf, text, whole } from './shape.ts';

/** Raised when one end would no longer understand the other. */
export const PROTOCOL = 1;

/** Milliseconds between two signs of life. After three without one a host counts as away; what it carries goes on. */
export const BEAT_MS = 2000;

/** Bytes of one message: a node config with a hundred thousand servers has some thirty million. */
export const LONGEST_MESSAGE = 256 * 1024 * 1024;

/** How long each question may take, ms. A plan has reloads in it, and starts that wait for a proxy to serve. */
export const WITHIN = { list: 30_000, present: 60_000, apply: 180_000, remove: 60_000, read: 15_000, held: 15_000, tidy: 60_000, renew: 30_000 } as const;
export type Question = keyof typeof WITHIN;

/** What an agent says first. */
export interface Greeting {
  readonly protocol: number;
  /** Of the agent's program. */
  readonly version: string;
  readonly pretends: boolean;
  readonly observed: boolean;
  readonly advertMs: number;
  readonly syncsFlows: boolean;
  readonly flowLogs: 'all' | 'none' | null;
  readonly physicalNetworks: readonly string[];
  /** What there is to know of the machine, in words. */
  readonly facts: Readonly<Record<string, string>>;
}

export const readGreeting: Read<Greeting> = object({
  protocol: whole(1, 1_000_000),
  version: line,
  pretends: flag,
  observed: flag,
  advertMs: whole(0, 60_000),
  syncsFlows: flag,
  flowLogs: nullable(oneOf('all', 'none')),
  physicalNetworks: list(text({ pattern: /^[!-~]+$/, longest: 255 }), 100),
  facts: mapOf(text({ pattern: /^\P{Cc}*$/u, longest: 255 })),
});
