/** A text that nobody sees by accident: a log, a plan or a diff that holds one shows no more of it than its digest. */
import { createHash } from 'node:crypto';

export class Sealed {
  readonly #text: string | null;
  /** The first 32 hexadecimal digits of the text's SHA-256. */
  readonly digest: string;

  constructor(text: string | { readonly digest: string }) {
    this.#text = typeof text === 'string' ? text : null;
    this.digest = typeof text === 'string' ? createHash('sha256').update(text).digest('hex').slice(0, 32) : text.digest;
  }

  /** One that is elsewhere: it can be compared, and not opened. */
  static elsewhere(digest: string): Sealed {
    return new Sealed({ digest });
  }

  /** The text itself; named so that every place that opens one can be found. Throws where only its digest is known. */
  open(): string {
    if (this.#text === null) throw new Error('only the digest of this text is here');
    return this.#text;
  }

  toJSON(): string {
    return `sealed:${this.digest}`;
  }

  toString(): string {
    return this.toJSON();
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toJSON();
  }
}
