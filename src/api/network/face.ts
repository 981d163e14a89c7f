/** The network face: as much of Neutron v2.0 as a balancer's VIP and its clients need. */
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Store } from '../../store/store.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { type NetworkContext, registerCollection } from './collection.ts';
import { answerError } from './neutron-error.ts';
import { networks } from './networks.ts';
import { ports } from './ports.ts';
import { subnets } from './subnets.ts';

export interface NetworkOptions {
  readonly store: Store;
  /** Puts the caller on the request, or throws. */
  readonly authenticate: (request: FastifyRequest, reply: FastifyReply) => Promise<void>;
  /** Address of the server, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
  /** Names in [local_node] bridge_mappings, which a network's creator may choose from; any name if not given. */
  readonly physicalNetworks?: readonly string[];
}

/** Lists that are empty here; clients ask for them before they make a network or a port. */
const EMPTY = ['extensions', 'security-groups', 'subnetpools', 'routers', 'floatingips', 'agents', 'availability_zones'] as const;

export function networkFace(options: NetworkOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler(() => {
      throw fault.noSuchPath();
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    discovery(app, options);
    await app.register(async (inner) => resources(inner, options), { prefix: '/v2.0' });
    refuse();
  };
}

/** Open, unlike Neutron's: clients look for versions before they have a token, and there is nothing to hide in them. */
function discovery(app: FastifyInstance, { baseUrl }: NetworkOptions): void {
  app.get('/', { exposeHeadRoute: true }, async (request) => {
    const links = [{ rel: 'self', href: `${baseUrl(request)}/network/v2.0/` }];
    return { versions: [{ id: 'v2.0', status: 'CURRENT', links }] };
  });
  app.get('/v2.0', { exposeHeadRoute: true }, async (request) => ({
    resources: [networks, subnets, ports].map(({ resource: { name, collection } }) => {
      return { name, collection, links: [{ rel: 'self', href: `${baseUrl(request)}/network/v2.0/${collection}` }] };
    }),
  }));
}

async function resources(app: FastifyInstance, { store, authenticate, baseUrl, physicalNetworks }: NetworkOptions): Promise<void> {
  const context: NetworkContext = { store, baseUrl, physicalNetworks: physicalNetworks ?? null };
  app.addHook('onRequest', authenticate);
  registerCollection(app, context, networks);
  registerCollection(app, context, subnets);
  registerCollection(app, context, ports);
  for (const name of EMPTY) emptyList(app, name);
}

function emptyList(app: FastifyInstance, name: string): void {
  const answer = { [name.replaceAll('-', '_')]: [] };
  for (const path of [`/${name}`, `/${name}.json`]) app.get(path, { exposeHeadRoute: true }, async () => answer);
}
