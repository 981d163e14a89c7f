/** Our log as Fastify wants it: what the HTTP library and the faces report of failures ends in the same place. */
import type { FastifyBaseLogger } from 'fastify';
import type { Log } from '../../model/log.ts';

export function fastifyLog(log: Log): FastifyBaseLogger {
  const write = (method: keyof Log) => (fields: unknown, message?: string) => {
    if (typeof fields === 'string') log[method]({}, fields);
    else log[method](fields ?? {}, message ?? '');
  };
  const logger: FastifyBaseLogger = {
    level: 'info',
    fatal: write('error'),
    error: write('error'),
    warn: write('warn'),
    info: write('debug'),
    debug: write('debug'),
    trace: () => {},
    silent: () => {},
    child: () => logger,
  } as FastifyBaseLogger;
  return logger;
}
