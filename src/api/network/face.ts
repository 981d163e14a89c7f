/** The network face: as much of Neutron v2.0 as a balancer's VIP and its clients need. */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { fault } from '../../model/fault.ts';
import type { Store } from '../../store/store.ts';
import { type Authenticate, bearersOnly } from '../http/bearers-only.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import { type NetworkContext, pathOf, registerCollection } from './collection.ts';
import { registerExtensions } from './extensions.ts';
import { floatingIps } from './floating-ips.ts';
import { answerError } from './neutron-error.ts';
import { networks } from './networks.ts';
import { ports } from './ports.ts';
import { registerQuotas } from './quotas.ts';
import { registerRouterActions } from './router-actions.ts';
import { routers } from './routers.ts';
import { securityGroupRules } from './security-group-rules.ts';
import { securityGroups } from './security-groups.ts';
import { subnets } from './subnets.ts';
import { registerTags } from './tags.ts';

export interface NetworkOptions {
  readonly store: Store;
  readonly authenticate: Authenticate;
  /** Address of the server, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
  /** Names in [local_node] bridge_mappings, which a network's creator may choose from; any name if not given. */
  readonly physicalNetworks?: readonly string[];
}

/** Lists that are empty here; clients ask for them before they make a network or a port. Path → name in the answer. */
const EMPTY = {
  'address-groups': 'address_groups',
  'address-scopes': 'address_scopes',
  agents: 'agents',
  availability_zones: 'availability_zones',
  'qos/policies': 'policies',
  'rbac-policies': 'rbac_policies',
  'service-providers': 'service_providers',
  subnetpools: 'subnetpools',
  trunks: 'trunks',
} as const;

const SHOWN = [networks, subnets, ports, routers, floatingIps, securityGroups, securityGroupRules];

export function networkFace(options: NetworkOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
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
    resources: SHOWN.map(({ resource }) => {
      const links = [{ rel: 'self', href: `${baseUrl(request)}/network/v2.0/${pathOf(resource)}` }];
      return { name: resource.name, collection: resource.collection, links };
    }),
  }));
}

async function resources(app: FastifyInstance, { store, authenticate, baseUrl, physicalNetworks }: NetworkOptions): Promise<void> {
  const context: NetworkContext = { store, baseUrl, physicalNetworks: physicalNetworks ?? null };
  bearersOnly(app, authenticate);
  registerCollection(app, context, networks);
  registerCollection(app, context, subnets);
  registerCollection(app, context, ports);
  registerCollection(app, context, routers);
  registerCollection(app, context, floatingIps);
  registerCollection(app, context, securityGroups);
  registerCollection(app, context, securityGroupRules);
  allTags(app, context);
  registerRouterActions(app, context);
  registerQuotas(app, context);
  registerExtensions(app);
  for (const [path, name] of Object.entries(EMPTY)) emptyList(app, path, name);
}

function allTags(app: FastifyInstance, context: NetworkContext): void {
  registerTags(app, context, networks);
  registerTags(app, context, subnets);
  registerTags(app, context, ports);
  registerTags(app, context, routers);
  registerTags(app, context, floatingIps);
  registerTags(app, context, securityGroups);
}

function emptyList(app: FastifyInstance, path: string, name: string): void {
  for (const spelling of [`/${path}`, `/${path}.json`]) app.get(spelling, { exposeHeadRoute: true }, async () => ({ [name]: [] }));
}
