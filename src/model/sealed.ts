/** A text that nobody sees by accident: a log, a plan or a diff that holds one shows no more of it than its digest. */
import { createHash } from 'node:crypto';

export class Sealed {
  readonly #text: string;
  /** The first 32 hexadecimal digits of the text's SHA-256. */
  readonly digest: string;

  constructor(text: string) {
    this.#text = text;
    this.digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  }

  /** The text itself; named so that every place that opens one can be found. */
  open(): string {
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
