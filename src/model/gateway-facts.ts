/** What of a gateway decides how a balancer is rendered for it, and whether it can be. */

export interface GatewayFacts {
  readonly id: string;
  readonly name: string;
  /** Logical interfaces of its network, with the networks that they have addresses in. */
  readonly interfaces: readonly GatewayInterface[];
  /** Names of programs that are there: `haproxy`, `keepalived`, `nft`. */
  readonly programs: ReadonlySet<string>;
  /** Which generation of the firewall it has. */
  readonly firewall: 'fw4' | 'fw3' | 'none';
  /** Of OpenWrt: `24.10.8`; empty where it does not say. */
  readonly release: string;
  readonly memoryKib: number;
  /** Whether what a hand changed on it is put right. */
  readonly repairs: boolean;
  /** Whether its keepalived is there and must not run. */
  readonly keepalivedOff: boolean;
  /** Ports of TCP that its own daemons have on all addresses: nobody else can listen there. */
  readonly takenPorts: ReadonlySet<number>;
}

export interface GatewayInterface {
  /** `lan`. */
  readonly name: string;
  /** The kernel's: `br-lan`; empty where it does not say. */
  readonly device: string;
  /** With prefix length: 192.168.1.1/24. */
  readonly addresses: readonly string[];
}

/** What of a gateway's row they are made from. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly facts: Readonly<Record<string, string>> | null;
  readonly drift?: 'repair' | 'report';
}

/** As they are kept with the gateway: texts for people (`src/nodes/openwrt/look.ts` writes them). */
export function gatewayFacts({ id, name, facts, drift }: Row): GatewayFacts {
  const { firewall, release = '', programs = '', memory_kib: memory = '0', taken_ports: taken = '', keepalived = '' } = facts ?? {};
  return {
    id,
    name,
    interfaces: Object.entries(facts ?? {}).flatMap(([key, value]) => interfaceOf(key, value, facts ?? {})),
    programs: new Set(programs.split(' ').filter((program) => program !== '')),
    firewall: firewall === 'fw4' || firewall === 'fw3' ? firewall : 'none',
    release,
    memoryKib: Number(memory) || 0,
    keepalivedOff: keepalived === 'off',
    repairs: drift !== 'report',
    takenPorts: new Set([...ALWAYS_TAKEN, ...taken.split(' ').map(Number)].filter((port) => port > 0)),
  };
}

/** dropbear, and dnsmasq. */
const ALWAYS_TAKEN = [22, 53];

const ADDRESSES = 'address_';

/** Addresses of load balancers have interfaces of their own, which are nothing that another could stand on. */
function interfaceOf(key: string, value: string, facts: Readonly<Record<string, string>>): GatewayInterface[] {
  const name = key.slice(ADDRESSES.length);
  if (!key.startsWith(ADDRESSES) || name === 'loopback' || name.startsWith('weir_')) return [];
  return [{ name, device: facts[`device_${name}`] ?? '', addresses: value.split(' ').filter((address) => address !== '') }];
}
