/**
 * The address clients reach this server under: what is configured, or else what the client itself used. Links and the
 * catalogue are made from it, so a client on another host gets addresses that work there.
 */
import type { FastifyRequest } from 'fastify';

const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,255})(:\d{1,5})?$/;

/** `port` is the main port: a client that came to the keystone port is sent to the main one. */
export function baseUrl(request: FastifyRequest, configured: string, fallbackHost: string, port: number): string {
  if (configured !== '') return configured.replace(/\/+$/, '');
  const host = HOST.exec(request.headers.host ?? '')?.[1] ?? fallbackHost;
  return `http://${host}:${port}`;
}
