/**
 * What the user of the server may do on a gateway, and no more: rpcd's group file. No wildcard reaches beyond files of our own, and no
 * program but those named may be run. Whoever has `uci apply` and the firewall's configuration is as good as root all the same
 * (openwrt reference §1.1): the password is to be kept like root's.
 */
import { DIRECTORY } from '../../render/gateway/names.ts';
import { GUARD } from './apply.ts';
import { BALANCER, STATUS } from './status.ts';

export const GROUP = 'edgeweir';

/** Packages in which there are sections of ours. */
export const PACKAGES = ['dhcp', 'edgeweir', 'firewall', 'keepalived', 'network'] as const;
/** Files of ours. */
export const FILES = ['/etc/haproxy.cfg', '/etc/edgeweir/balance', '/etc/hosts.edgeweir', '/etc/nftables.d/edgeweir.nft'] as const;

export function rightsFile(): string {
  return `${JSON.stringify({ [GROUP]: { description: 'Edgeweir', read: READ, write: WRITE } }, null, 2)}\n`;
}

const all = (rights: readonly string[], ...paths: readonly string[]): Record<string, readonly string[]> =>
  Object.fromEntries(paths.map((path) => [path, rights]));

const READ = {
  ubus: {
    session: ['destroy'],
    system: ['board', 'info'],
    'network.interface': ['dump'],
    'network.device': ['status'],
    service: ['list'],
    uci: ['get'],
    file: ['stat', 'md5', 'read', 'exec'],
  },
  // Which ports its web server has.
  uci: [...PACKAGES, 'uhttpd'],
  file: {
    ...all(['list'], '/usr/sbin/*', '/usr/bin/*', '/sbin/*', '/bin/opkg'),
    ...all(['read'], ...FILES, `${DIRECTORY}/*`),
    ...all(
      ['exec'],
      '/sbin/fw4 check',
      '/usr/sbin/haproxy -c -f /etc/haproxy.cfg.weir-new',
      `${BALANCER} lint /etc/edgeweir/balance.weir-new`,
      `${GUARD} *`,
      STATUS,
    ),
  },
};

const WRITE = {
  ubus: { uci: ['add', 'set', 'delete', 'revert', 'apply', 'confirm', 'rollback'], file: ['write', 'remove'], rc: ['init'] },
  uci: PACKAGES,
  // The second is where HAProxy looks at a file before it takes its place.
  file: all(['write'], ...FILES, `${DIRECTORY}/*`, '/etc/haproxy.cfg.weir-new', '/etc/edgeweir/balance.weir-new'),
};
