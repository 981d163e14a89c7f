/**
 * Bodies in one piece. A sender may cut a body into pieces of one byte each, and an object for every piece takes some
 * hundred times what is in it; so pieces are copied into one buffer as they come, and a body that has come in part takes
 * no more than it may have bytes.
 */
import type { IncomingMessage } from 'node:http';
import { type FastifyInstance, type FastifyRequest, errorCodes } from 'fastify';

/** For bodies of any type: `parse` makes of the bytes what handlers get, or throws. */
export function readBodies(app: FastifyInstance, parse: (request: FastifyRequest, bytes: Buffer) => unknown): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    // Nobody is there to look at it.
    if (request.is404) return undefined;
    return parse(request, await bodyIn(payload, request.routeOptions.bodyLimit));
  });
}

/** `most`: bytes. Rejects with a status of 413 when there are more, announced or come, and of 400 when they end early. */
export function bodyIn(payload: IncomingMessage, most: number): Promise<Buffer> {
  if (Number(payload.headers['content-length']) > most) return Promise.reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const body = new GrowingBuffer(most);
  const add = (piece: Buffer): void => {
    if (body.add(piece)) return;
    payload.off('data', add);
    reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
  };
  payload.on('data', add);
  payload.once('end', () => resolve(body.bytes()));
  // It went away: nobody reads the answer, and it is no failure of ours.
  payload.once('error', (error) => reject(Object.assign(error, { statusCode: 400 })));
  return promise;
}

/** Twice as large whenever it is full, so that each byte is copied about twice, and never larger than it may become. */
class GrowingBuffer {
  readonly #most: number;
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** False, and nothing is added, when it would become too large. */
  add(piece: Buffer): boolean {
    const length = this.#length + piece.length;
    if (length > this.#most) return false;
    if (length > this.#buffer.length) this.#grow(length);
    piece.copy(this.#buffer, this.#length);
    this.#length = length;
    return true;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(length, 2 * this.#buffer.length)));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
