/** The service catalogue: where the faces are, as clients expect to find it in a token. */
import { createHash } from 'node:crypto';

export interface CatalogEntry {
  readonly endpoints: readonly { readonly id: string; readonly interface: string; readonly region_id: string; readonly url: string; readonly region: string }[];
  readonly id: string;
  readonly type: string;
  readonly name: string;
}

const SERVICES = [
  { type: 'load-balancer', name: 'octavia', path: '/load-balancer' },
  { type: 'network', name: 'neutron', path: '/network' },
  { type: 'identity', name: 'keystone', path: '/identity/v3/' },
] as const;
const INTERFACES = ['public', 'internal', 'admin'] as const;

/** `base`: address of the server, without a slash at its end. */
export function catalog(base: string, region: string): CatalogEntry[] {
  return SERVICES.map(({ type, name, path }) => ({
    endpoints: INTERFACES.map((face) => ({ id: stableId(region, type, face), interface: face, region_id: region, url: `${base}${path}`, region })),
    id: stableId(region, type),
    type,
    name,
  }));
}

/** The same after every restart and under every address, in Keystone's form. */
function stableId(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
