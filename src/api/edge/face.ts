/**
 * `/edge`: what Octavia's API has no words for. It speaks the load-balancing face's dialect (lists, filters, ETags, dry
 * runs, errors), with that face's machinery.
 */
import type { FastifyPluginAsync } from 'fastify';
import type { GatewayExporter } from '../../control/gateway-export.ts';
import { fault } from '../../model/fault.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { answerError } from '../octavia/face.ts';
import { type FaceOptions, guard } from '../octavia/routes.ts';
import type { SecretKeys } from '../key-manager/secret-keys.ts';
import { type GatewayDesk, registerGateways } from './gateways.ts';
import { type HostDoor, registerHosts } from './hosts.ts';
import { registerSites } from './sites.ts';

export interface EdgeOptions extends FaceOptions {
  /** null: hosts cannot join. */
  readonly door: HostDoor | null;
  /** Who asks gateways; null where nobody does. */
  readonly desk: GatewayDesk | null;
  /** Says what gateways should have; null where nobody can. */
  readonly exporter: GatewayExporter | null;
  /** What passwords of gateways are encrypted with; without them there are no gateways. */
  readonly secretKeys: SecretKeys | null;
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
        registerSites(v1, options, options.exporter);
        if (options.secretKeys) registerGateways(v1, options, options.secretKeys, options.desk);
      },
      { prefix: '/v1' },
    );
    refuse();
  };
}
