/**
 * Numbers for ids. The kernel's maps hold 32 bits where the model has UUIDs; each id's number is made from the id alone,
 * so that a change elsewhere never gives it another, and two nodes give it the same.
 */
import { createHash } from 'node:crypto';

/** 32 bits of the id's digest. */
export function hashOf(id: string, salt = ''): number {
  return createHash('sha256').update(`${salt}${id}`).digest().readUInt32BE(0);
}

/** A number for each id, none twice and none 0. Of two ids that collide, the one that sorts later moves. */
export function numbersOf(ids: readonly string[]): Map<string, number> {
  const taken = new Set<number>([0]);
  const numbers = new Map<string, number>();
  for (const id of [...new Set(ids)].toSorted()) {
    let number = hashOf(id);
    for (let round = 1; taken.has(number); round++) number = hashOf(id, `${round}:`);
    taken.add(number);
    numbers.set(id, number);
  }
  return numbers;
}
