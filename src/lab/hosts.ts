/**
 * What the lab is made of: two networks, a client on both, and two web servers, at the addresses that the README's commands use.
 * The router between the networks is kept by the network face, for floating IPs, and carries nothing.
 */

export interface LabNetwork {
  readonly name: string;
  readonly subnet: string;
  readonly cidr: string;
  /** The router's address in an inner network; null in one that leads outside. */
  readonly gateway: string | null;
  /** Addresses that balancers get; those of the hosts lie between. */
  readonly pools: readonly { readonly start: string; readonly end: string }[];
}

export interface LabHost {
  readonly name: string;
  /** In the order of its interfaces, eth0 first. */
  readonly addresses: readonly { readonly network: string; readonly address: string }[];
  /** Ports its web server listens on; none has no web server. */
  readonly ports: readonly number[];
}

export const LAB_NETWORKS: readonly LabNetwork[] = [
  {
    name: 'private',
    subnet: 'private-subnet',
    cidr: '192.168.1.0/24',
    gateway: '192.168.1.1',
    pools: [
      { start: '192.168.1.20', end: '192.168.1.99' },
      { start: '192.168.1.101', end: '192.168.1.254' },
    ],
  },
  {
    name: 'public',
    subnet: 'public-subnet',
    cidr: '203.0.113.0/24',
    gateway: null,
    pools: [
      { start: '203.0.113.10', end: '203.0.113.99' },
      { start: '203.0.113.101', end: '203.0.113.254' },
    ],
  },
];

/** Its address outside lies apart from those that floating IPs and balancers get. */
export const LAB_ROUTER = { name: 'router', outside: { network: 'public', address: '203.0.113.1' } } as const;

export const LAB_HOSTS: readonly LabHost[] = [
  {
    name: 'client',
    addresses: [
      { network: 'private', address: '192.168.1.100' },
      { network: 'public', address: '203.0.113.100' },
    ],
    ports: [],
  },
  { name: 'web1', addresses: [{ network: 'private', address: '192.168.1.10' }], ports: [80, 8080] },
  { name: 'web2', addresses: [{ network: 'private', address: '192.168.1.11' }], ports: [80, 8080] },
];
