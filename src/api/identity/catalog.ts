/**
 * The service catalogue: where this server's own faces are and what else was registered, as clients expect to find it in
 * a token.
 */
import { createHash } from 'node:crypto';
import type { Endpoint, Region, Service } from '../../model/identity.ts';
import { allEndpoints, allServices } from '../../store/identity-catalog.ts';
import type { Db } from '../../store/store.ts';

export interface CatalogEntry {
  readonly endpoints: readonly {
    readonly id: string;
    readonly interface: string;
    readonly region_id: string | null;
    readonly url: string;
    readonly region: string | null;
  }[];
  readonly id: string;
  readonly type: string;
  readonly name: string;
}

const SERVICES = [
  { type: 'load-balancer', name: 'octavia', path: '/load-balancer' },
  { type: 'network', name: 'neutron', path: '/network' },
  { type: 'compute', name: 'nova', path: '/compute/v2.1' },
  { type: 'image', name: 'glance', path: '/image' },
  { type: 'key-manager', name: 'barbican', path: '/key-manager' },
  { type: 'edge', name: 'edgeweir', path: '/edge' },
  { type: 'identity', name: 'keystone', path: '/identity/v3/' },
] as const;
const INTERFACES = ['public', 'internal', 'admin'] as const;
const SHARED = { description: '', enabled: true, extra: {} } as const;

/** The services this server carries, in the form of registered ones. */
export function builtInServices(region: string): Service[] {
  return SERVICES.map(({ type, name }) => ({ ...SHARED, id: stableId(region, type), type, name }));
}

/** `base`: address of the server, without a slash at its end. */
export function builtInEndpoints(base: string, region: string): Endpoint[] {
  return SERVICES.flatMap(({ type, path }) =>
    INTERFACES.map((face) => ({
      id: stableId(region, type, face),
      service_id: stableId(region, type),
      interface: face,
      region_id: region,
      url: `${base}${path}`,
      enabled: true,
      extra: {},
    })),
  );
}

export function builtInRegion(region: string): Region {
  return { id: region, description: '', parent_region_id: null, extra: {} };
}

/** Whose token the catalogue is for: what stands in registered addresses. */
export interface CatalogScope {
  readonly userId: string;
  readonly projectId: string | null;
}

export async function catalog(db: Db, base: string, region: string, scope: CatalogScope): Promise<CatalogEntry[]> {
  const services = [...builtInServices(region), ...(await allServices(db))].filter(({ enabled }) => enabled);
  const endpoints = [...builtInEndpoints(base, region), ...(await allEndpoints(db))].filter(({ enabled }) => enabled);
  return services.map(({ id, type, name }) => ({
    endpoints: endpoints.filter(({ service_id }) => service_id === id).flatMap((endpoint) => entryOf(endpoint, scope)),
    id,
    type,
    name,
  }));
}

function entryOf({ id, interface: face, region_id, url: template }: Endpoint, scope: CatalogScope): CatalogEntry['endpoints'] {
  const url = expanded(template, scope);
  return url === null ? [] : [{ id, interface: face, region_id, url, region: region_id }];
}

const PLACEHOLDER = /[$%]\(([^)]*)\)s/g;
const PLACEHOLDERS = new Set(['project_id', 'tenant_id', 'user_id']);

/** Whether the address has no placeholder but those that can be filled in. */
export function isAddress(template: string): boolean {
  const names = [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  return names.every((name) => PLACEHOLDERS.has(name)) && !/[$%]\(/.test(template.replaceAll(PLACEHOLDER, ''));
}

/** null where the address needs a project and there is none: Keystone leaves such endpoints out. */
function expanded(template: string, { userId, projectId }: CatalogScope): string | null {
  if (projectId === null && /[$%]\((project|tenant)_id\)s/.test(template)) return null;
  return template.replaceAll(PLACEHOLDER, (_match, name: string) => (name === 'user_id' ? userId : (projectId ?? '')));
}

/** The same after every restart and under every address, in Keystone's form. */
function stableId(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
