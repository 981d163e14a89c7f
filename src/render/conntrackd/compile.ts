/**
 * One node's part of a pair that balances in the kernel → conntrackd.conf for conntrackd 1.4.7. Pure. Each node tells the other
 * what flows it has, and what it hears goes straight into the kernel: so the one that takes over has them already, and
 * nothing has to be done at that moment.
 */
import { isIP } from 'node:net';
import type { FlowSyncConfig } from '../../model/node-config.ts';

export interface FlowSyncMember {
  /** Own address in the VIP's subnet, and the other node's. */
  readonly own: string;
  readonly peer: string;
}

/** UDP. conntrackd's own default; let nobody else reach it on networks you do not trust. */
export const FLOW_SYNC_PORT = 3780;
/** The link that both are on: the VIP's. */
const LINK = 'eth0';
/** Events that wait to be read; more are lost, and told again by a resync. */
const QUEUE_BYTES = 2_097_152;
const LONGEST_QUEUE_BYTES = 8_388_608;
/** As many as the kernel remembers by default. */
const MOST_FLOWS = 262_144;

/** In the directory that it is started in, which is the node's. */
export const FLOW_SYNC_LOCK = 'conntrackd.lock';
export const FLOW_SYNC_LOG = 'conntrackd.events';
const SOCKET = 'conntrackd.sock';
/** Only paths from the root are taken; this is one that leads there. */
const HERE = '/proc/self/cwd';

export function renderFlowSync({ own, peer }: FlowSyncMember): FlowSyncConfig {
  const [from, to] = [checked(own), checked(peer)];
  const family = `IPv${isIP(from)}`;
  const lines = [
    'Sync {',
    '    Mode FTFW {',
    '        DisableExternalCache On',
    '        StartupResync yes',
    '    }',
    '    UDP {',
    `        ${family}_address ${from}`,
    `        ${family}_Destination_Address ${to}`,
    `        Port ${FLOW_SYNC_PORT}`,
    `        Interface ${LINK}`,
    '        Checksum on',
    '    }',
    '}',
    'General {',
    '    HashSize 32768',
    `    HashLimit ${MOST_FLOWS}`,
    `    LogFile ${HERE}/${FLOW_SYNC_LOG}`,
    `    LockFile ${HERE}/${FLOW_SYNC_LOCK}`,
    '    UNIX {',
    `        Path ${HERE}/${SOCKET}`,
    '    }',
    `    NetlinkBufferSize ${QUEUE_BYTES}`,
    `    NetlinkBufferSizeMaxGrowth ${LONGEST_QUEUE_BYTES}`,
    // What the nodes themselves begin or are asked (checks, VRRP, stick tables, this) is nothing that could be taken over.
    '    Filter From Userspace {',
    '        Protocol Accept { TCP UDP SCTP }',
    '        Address Ignore {',
    '            IPv4_address 127.0.0.1',
    '            IPv6_address ::1',
    `            ${family}_address ${from}`,
    `            ${family}_address ${to}`,
    '        }',
    '    }',
    '}',
  ];
  return { text: `${lines.join('\n')}\n` };
}

function checked(address: string): string {
  if (isIP(address) === 0 || address.includes('%')) throw new Error(`'${address}' is no address to tell flows to`);
  return address;
}
