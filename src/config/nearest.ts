/** The candidate whose text is nearest to a mistyped one, if it is near enough to be meant; else undefined. */
export function nearest<T>(text: string, candidates: readonly T[], textOf: (candidate: T) => string): T | undefined {
  const ranked = candidates.map((candidate) => ({ candidate, distance: distance(text, textOf(candidate)) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, text.length / 4) ? best.candidate : undefined;
}

/** Levenshtein's distance: insertions, deletions and replacements from one text to the other. */
export function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1));
    }
    previous = current;
  }
  return at(previous, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
