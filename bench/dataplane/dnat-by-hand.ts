/** The kernel's peer: the few rules of nft that somebody writes who wants packets spread over servers, and nothing else. */
import { run } from '../../src/nodes/local/command.ts';
import type { Bed, HostName } from './bed.ts';
import { inside } from './processes.ts';

/** Packets to `port` go to the hosts in turn, at the same port, and leave with the namespace's own address, as ours do. */
export async function spreadByHand(bed: Bed, protocols: readonly ('tcp' | 'udp')[], port: number, hosts: readonly HostName[]): Promise<void> {
  const turns = hosts.map((host, turn) => `${turn} : ${bed.address(host, 'back')}`).join(', ');
  const rules = [
    'table ip byhand {',
    'chain choose {',
    'type nat hook prerouting priority dstnat;',
    ...protocols.map((protocol) => `${protocol} dport ${port} dnat to numgen inc mod ${hosts.length} map { ${turns} };`),
    '}',
    'chain leave {',
    'type nat hook postrouting priority srcnat;',
    // eth1 is the one to the backends.
    'oifname "eth1" masquerade;',
    '}',
    '}',
    '',
  ].join('\n');
  const [program = '', ...words] = inside(bed.namespace('kernel'), null, ['nft', '-f', '-']);
  await run(program, words, { input: rules });
}
