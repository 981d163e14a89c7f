/**
 * What the settings of a flavor or an availability zone may say, by engine: the keys of their profiles' data, declared
 * once for the check of the data and for the lists of capabilities (reference §7.5).
 */
import { fault } from './fault.ts';
import { ENGINES, REDUNDANCIES } from './topology.ts';

/** What carries a provider's balancers: HAProxy on a host, a gateway, or nothing at all, which therefore refuses nothing. */
export type Engine = 'haproxy' | 'gateway' | 'anything';

/** Which provider's balancers are on gateways: what a site's availability zone is for. */
export const GATEWAY_PROVIDER = 'openwrt';

/** Which profile's data. */
export type CapabilityKind = 'flavor' | 'availability_zone';

export interface Capability {
  readonly name: string;
  readonly description: string;
  readonly type: 'string' | 'boolean' | 'array';
  /** The only values it takes; empty: any of its type. */
  readonly values: readonly string[];
}

export type ProfileData = Readonly<Record<string, unknown>>;

function capability(name: string, description: string, more: Partial<Capability> = {}): Capability {
  return { name, description, type: 'string', values: [], ...more };
}

function topology(...values: readonly string[]): Capability {
  return capability('loadbalancer_topology', `How many nodes carry a load balancer: ${values.join(' or ')}`, { values });
}

const CAPABILITIES: Readonly<Record<Engine, Readonly<Record<CapabilityKind, readonly Capability[]>>>> = {
  haproxy: {
    flavor: [
      topology(...REDUNDANCIES),
      capability('engine', 'What carries TCP: haproxy, nftables (the kernel), or auto, which is the kernel where it can', { values: ENGINES }),
      capability('connection_logging', 'Whether what its listeners carry is logged; absent is as configured', { type: 'boolean' }),
      capability(
        'retry_requests',
        'Whether a GET or HEAD that a dying member took without answering goes to another; costs some of the rate of small requests',
        {
          type: 'boolean',
        },
      ),
      capability('packed', 'Whether one proxy serves all load balancers of such flavors on a host: little memory each, and one fate for all', {
        type: 'boolean',
      }),
    ],
    availability_zone: [
      capability('compute_zone', 'Zone of the hosts that carry load balancers in it'),
      capability('valid_vip_networks', 'Networks that VIPs in the zone may be on', { type: 'array' }),
    ],
  },
  gateway: {
    flavor: [
      topology(...REDUNDANCIES),
      capability('engine', 'What carries TCP: haproxy, nftables (the kernel), or auto, which is the kernel where there is no haproxy', { values: ENGINES }),
      capability('retry_requests', 'Whether a GET or HEAD that a dying member took without answering goes to another', { type: 'boolean' }),
    ],
    availability_zone: [
      capability('compute_zone', 'Site whose gateways carry load balancers in it'),
      capability('valid_vip_networks', 'Networks that VIPs in the zone may be on', { type: 'array' }),
    ],
  },
  // What Octavia's own driver knows, so that flavors made for it can be tried out.
  anything: {
    flavor: [
      {
        ...topology(...REDUNDANCIES),
        description: 'The load balancer topology. One of: SINGLE - One amphora per load balancer. ACTIVE_STANDBY - Two amphora per load balancer.',
      },
      capability('compute_flavor', 'Compute flavor of the nodes'),
      capability('amp_image_tag', 'Tag of the image the nodes start from'),
      capability('sriov_vip', 'Whether the VIP is on an SR-IOV port', { type: 'boolean' }),
      capability('allow_member_sriov', 'Whether members may be reached through SR-IOV ports', { type: 'boolean' }),
    ],
    availability_zone: [
      capability('compute_zone', 'The compute availability zone.'),
      capability('volume_zone', 'Availability zone of their volumes'),
      capability('management_network', 'Network over which the nodes are managed'),
      capability('valid_vip_networks', 'Networks that VIPs in the zone may be on', { type: 'array' }),
    ],
  },
};

export function capabilitiesOf(engine: Engine, kind: CapabilityKind): readonly Capability[] {
  return CAPABILITIES[engine][kind];
}

/** The data of a profile as it came: a JSON object as text. Throws 400 when it is no JSON, 501 for what no object is. */
export function parseProfileData(text: string, kind: CapabilityKind, provider: string): ProfileData {
  const data = parseJson(text, kind);
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as ProfileData;
  throw fault.unsupportedOption(provider, `${text} is not of type 'object'`);
}

function parseJson(text: string, kind: CapabilityKind): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault.invalidOption(text, `${kind}_data`);
  }
}

/**
 * Throws 501 for keys that the provider's engine does not know, and for values that a known key does not take. What
 * carries nothing takes any key, as Octavia's own noop driver does.
 */
export function checkProfileData(data: ProfileData, engine: Engine, kind: CapabilityKind, provider: string): void {
  const known = capabilitiesOf(engine, kind);
  const strangers = Object.keys(data).filter((name) => !known.some((one) => one.name === name));
  if (engine !== 'anything' && strangers.length > 0) throw fault.unsupportedOption(provider, unexpected(strangers));
  for (const one of known) if (Object.hasOwn(data, one.name)) checkValue(data[one.name], one, provider);
}

function unexpected(names: readonly string[]): string {
  return `Additional properties are not allowed (${names.map((name) => `'${name}'`).join(', ')} ${names.length === 1 ? 'was' : 'were'} unexpected)`;
}

function checkValue(value: unknown, { name, type, values }: Capability, provider: string): void {
  // Clients send null for what they leave open.
  if (value === null) return;
  const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  if (!isOfType(value, type)) throw fault.unsupportedOption(provider, `${name} ${shown} is not of type '${type}'`);
  if (values.length > 0 && !values.some((one) => one === value))
    throw fault.unsupportedOption(provider, `${name} ${shown} is not one of [${values.map((one) => `'${one}'`).join(', ')}]`);
}

function isOfType(value: unknown, type: Capability['type']): boolean {
  if (type === 'array') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof value === type;
}
