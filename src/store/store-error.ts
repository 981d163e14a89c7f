/** What can be wrong with a store's file, and SQLite's own words for it. */

/** Primary result codes, https://www.sqlite.org/rescode.html */
export const SQLITE = { BUSY: 5, CORRUPT: 11, CONSTRAINT: 19, NOTADB: 26 } as const;

/** The primary result code of an error that SQLite raised, else null. */
export function resultCodeOf(error: unknown): number | null {
  // The low byte is the primary code, the rest says which kind of it.
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;
}

/** The file cannot be read as what it should be. */
export class StoreDamagedError extends Error {
  constructor(file: string, remedy: string, cause: unknown) {
    super(`${file} is damaged or not an Edgeweir database (${cause instanceof Error ? cause.message : String(cause)}): ${remedy}`, { cause });
    this.name = 'StoreDamagedError';
  }
}

/** The file was written by a later version, whose tables this one does not know. */
export class StoreTooNewError extends Error {
  constructor(file: string, found: number, known: number) {
    super(
      `${file} has schema ${found}, but this version of Edgeweir knows schemas up to ${known}: run the newer version, or restore a backup made before the upgrade`,
    );
    this.name = 'StoreTooNewError';
  }
}
