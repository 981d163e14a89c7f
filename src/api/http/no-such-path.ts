/** What a face says where it has nothing. */
import type { FastifyRequest } from 'fastify';
import { type Fault, fault } from '../../model/fault.ts';

/** Names the path as it was asked for, whatever the router was led to. */
export function noSuchPath({ originalUrl }: FastifyRequest): Fault {
  const [path = ''] = originalUrl.split('?', 1);
  return fault.noSuchPath(path);
}
