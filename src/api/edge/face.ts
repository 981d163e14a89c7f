/**
 * `/edge`: what Octavia's API has no words for. It speaks the load-balancing face's dialect (lists, filters, ETags, dry
 * runs, errors), with that face's machinery.
 */
import type { FastifyPluginAsync } from 'fastify';
import { fault } from '../../model/fault.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { answerError } from '../octavia/face.ts';
import { type FaceOptions, guard } from '../octavia/routes.ts';
import { type HostDoor, registerHosts } from './hosts.ts';

export interface EdgeOptions extends FaceOptions {
  /** null: hosts cannot join. */
  readonly door: HostDoor | null;
}

/** Registered under a prefix of its own. */
export function edgeFace(options: EdgeOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    app.get('/', async (request) => ({ versions: [{ id: 'v1', status: 'CURRENT', links: [{ rel: 'self', href: `${options.baseUrl(request)}/v1` }] }] }));
    await app.register(
      async (v1) => {
        guard(v1, options);
        registerHosts(v1, options, options.door);
      },
      { prefix: '/v1' },
    );
    refuse();
  };
}
