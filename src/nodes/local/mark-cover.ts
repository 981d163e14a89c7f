/**
 * Marks in groups that one order reaches. conntrack goes through the connections of the whole host for each order (9 ms where
 * there are none), and an order names marks by some of their bits.
 */

/** All marks of which these bits are so: `mark & mask === value`. A mask of 0 is all marks. */
export interface MarkGroup {
  readonly value: number;
  readonly mask: number;
}

/** Groups that hold all of `wanted` and none of `spared`; unsigned numbers of 32 bits. A number in both is spared. */
export function coverMarks(wanted: readonly number[], spared: readonly number[]): MarkGroup[] {
  return coverWithin({ value: 0, mask: 0 }, 31, wanted, spared);
}

function coverWithin(group: MarkGroup, bit: number, wanted: readonly number[], spared: readonly number[]): MarkGroup[] {
  if (wanted.length === 0) return [];
  if (spared.length === 0) return [group];
  // What is left has all bits in common: it is one number.
  if (bit < 0) return [];
  const flag = (1 << bit) >>> 0;
  return [0, flag].flatMap((value) => {
    const within = (mark: number): boolean => (mark & flag) >>> 0 === value;
    return coverWithin({ value: (group.value | value) >>> 0, mask: (group.mask | flag) >>> 0 }, bit - 1, wanted.filter(within), spared.filter(within));
  });
}
