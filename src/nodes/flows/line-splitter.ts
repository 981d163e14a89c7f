/** Lines of a stream of bytes, in which anything may come. */

/** Longer ones are not HAProxy's: of them only the beginning is told. */
const LONGEST = 65_536;
const BEGINNING = 100;

export class LineSplitter {
  #rest = '';
  #skips = false;

  /** The lines that end in this chunk, a character for each byte, without their ends. */
  push(chunk: Buffer): string[] {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    // The end of a line whose beginning is gone.
    if (this.#skips && lines.length > 0) {
      lines.shift();
      this.#skips = false;
    }
    if (!this.#skips && this.#rest.length > LONGEST) {
      lines.push(this.#rest.slice(0, BEGINNING));
      this.#skips = true;
    }
    if (this.#skips) this.#rest = '';
    return lines;
  }
}
