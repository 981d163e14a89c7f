/** Kernel settings of a node's namespace (dataplane reference §0). */
import { readFileSync } from 'node:fs';
import type { Sysctls } from './namespace.ts';

const BACKLOG = '4096';

const SETTINGS: Sysctls = {
  // Without these two, connections to members collapse once some 14,000 ports wait to be reused.
  'net.ipv4.tcp_tw_reuse': '1',
  'net.ipv4.ip_local_port_range': '1024 65535',
  'net.core.somaxconn': BACKLOG,
  'net.ipv4.tcp_max_syn_backlog': BACKLOG,
  // The proxy may start, or stay, while an address is on its way.
  'net.ipv4.ip_nonlocal_bind': '1',
  'net.ipv6.ip_nonlocal_bind': '1',
  // Pings need no privilege: a monitor's program runs as the proxy's user.
  'net.ipv4.ping_group_range': '0 2147483647',
  // Addresses are given, never learnt; a probe for duplicates would cost a second of silence.
  'net.ipv6.conf.default.accept_ra': '0',
  'net.ipv6.conf.all.accept_dad': '0',
  'net.ipv6.conf.default.accept_dad': '0',
  // A link that gets its MAC (again) announces its addresses: who asked for them in vain need not ask again (a second).
  'net.ipv4.conf.default.arp_notify': '1',
  'net.ipv6.conf.default.ndisc_notify': '1',
  // The VIP of a pair has a MAC of its own, which must not be mixed up with the node's by asking in the VIP's name.
  'net.ipv4.conf.all.arp_announce': '2',
  // Removing an address must not take its neighbours in the same subnet along.
  'net.ipv4.conf.all.promote_secondaries': '1',
  'net.ipv4.conf.default.promote_secondaries': '1',
};

/** BBR over veth halves bulk throughput; reno is the one alternative that a namespace may always choose. */
export function nodeSysctls(): Sysctls {
  return hasReno() ? { ...SETTINGS, 'net.ipv4.tcp_congestion_control': 'reno' } : SETTINGS;
}

function hasReno(): boolean {
  return readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').split(/\s+/).includes('reno');
}
