/** A node's table as its file has it: large, asked for at every reading, and hardly ever another. */
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type PacketConfig, STRANGE_PACKETS } from '../../model/node-config.ts';
import { isAbsent } from './namespace.ts';

/** `config` is null where nobody can tell what the file says. */
export interface Filed {
  readonly config: PacketConfig | null;
}

interface Known extends Filed {
  readonly stamp: string;
}

export class FiledPackets {
  readonly #known = new Map<string, Known>();

  /** null without a file. */
  async read(path: string): Promise<Filed | null> {
    try {
      // First: should another file take its place now, the next look finds another stamp.
      const stamp = stampOf(await stat(path, { bigint: true }));
      const known = this.#known.get(path);
      if (known?.stamp === stamp) return known;
      const read = { stamp, config: parseConfig(await readFile(path, 'utf8')) };
      this.#known.set(path, read);
      return read;
    } catch (error) {
      if (!isAbsent(error)) throw error;
      this.#known.delete(path);
      return null;
    }
  }

  /** There is no such node any more. */
  forget(path: string): void {
    this.#known.delete(path);
  }
}

/** The driver never writes into a file that is there; a hand may. */
function stampOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [ino, size, mtimeNs, ctimeNs].join(' ');
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
