/**
 * Messages on a stream of bytes: four bytes of length, most significant first, then as many bytes of JSON. What is longer
 * than agreed, or is no JSON, ends the conversation: nobody can tell where the next message would begin.
 */

/** What a peer sent is none of our messages. The text is for people, and holds nothing of what came. */
export class FrameError extends Error {}

const HEAD = 4;

/** Throws a FrameError where the message is longer than the other side would take. */
export function frame(message: unknown, longest: number): Buffer {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  if (body.length > longest) throw new FrameError(`a message of ${body.length} bytes is longer than ${longest}`);
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** Puts messages together again, however they were cut. */
export class FrameReader {
  readonly #longest: number;
  #chunks: Buffer[] = [];
  #length = 0;

  /** @param longest - bytes of one message */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** The messages that are whole with this chunk. Throws a FrameError, after which it must not be asked again. */
  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const messages: unknown[] = [];
    for (let size = this.#nextSize(); size !== null && this.#length >= HEAD + size; size = this.#nextSize()) messages.push(this.#take(size));
    return messages;
  }

  #nextSize(): number | null {
    if (this.#length < HEAD) return null;
    const size = this.#whole(HEAD).readUInt32BE();
    if (size > this.#longest) throw new FrameError(`a message of ${size} bytes was announced, more than ${this.#longest}`);
    return size;
  }

  #take(size: number): unknown {
    const bytes = this.#whole(HEAD + size);
    const rest = bytes.subarray(HEAD + size);
    const body = bytes.subarray(HEAD, HEAD + size);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    return parse(body);
  }

  /** What came, in one piece if so much of it is needed that is not in the first; copied at most once a message. */
  #whole(needed: number): Buffer {
    const [first] = this.#chunks;
    if (first && first.length >= needed) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new FrameError('a message is no JSON');
  }
}
