/** What nft and conntrack say, as values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flow, parseFlow } from './packet-flows.ts';
import { parseTable, sealName } from './packet-table.ts';
import { isStray, keptMarks } from './stray-flows.ts';
import type { PacketService } from '../../model/node-config.ts';

const CONNTRACK = `tcp      6 431999 ESTABLISHED src=198.51.100.10 dst=198.51.100.5 sport=40000 dport=80 src=198.51.100.21 dst=198.51.100.5 sport=5000 dport=40000 [ASSURED] mark=7 use=1
udp      17 29 src=198.51.100.10 dst=198.51.100.5 sport=20007 dport=53 [UNREPLIED] src=198.51.100.21 dst=198.51.100.5 sport=5000 dport=20007 mark=9 use=1
udp      17 29 src=2001:db8::10 dst=2001:db8::5 sport=20007 dport=53 src=2001:db8::21 dst=2001:db8::5 sport=5000 dport=20007 mark=0 use=1
icmp     1 29 src=198.51.100.10 dst=198.51.100.5 type=8 code=0 id=1 src=198.51.100.5 dst=198.51.100.10 type=0 code=0 id=1 mark=0 use=1
`;

test('flows of conntrack', () => {
  const parseFlows = (listing: string): Flow[] => listing.split('\n').flatMap((line) => parseFlow(line) ?? []);
  assert.deepEqual(parseFlows(CONNTRACK), [
    { protocol: 'tcp', address: '198.51.100.5', port: 80, mark: 7, state: 'ESTABLISHED' },
    { protocol: 'udp', address: '198.51.100.5', port: 53, mark: 9, state: null },
    { protocol: 'udp', address: '2001:db8::5', port: 53, mark: 0, state: null },
  ]);
  assert.deepEqual(parseFlows(''), []);
});

test('which flows are stray: of a service, those without a member that keeps them; else those that are marked', () => {
  const member = { id: 'm', number: 9, state: 'unchecked', keepsFlows: true } as const;
  const service: PacketService = {
    listener: 'l',
    address: '198.51.100.5',
    protocol: 'udp',
    port: 53,
    limit: null,
    pool: 'p',
    checked: false,
    members: [member, { ...member, id: 'dead', number: 10, keepsFlows: false }],
  };
  const strayAt = (port: number, mark: number): boolean => isStray({ protocol: 'udp', port, mark }, keptMarks([service]));
  assert.deepEqual([strayAt(53, 9), strayAt(53, 10), strayAt(53, 11), strayAt(53, 0)], [false, true, true, true]);
  assert.deepEqual([strayAt(54, 9), strayAt(54, 0)], [true, false]);
});

/** nft indents with tabs. */
function tabbed(text: string): string {
  return text.replaceAll(/^(?: {2})+/gm, (blanks) => '\t'.repeat(blanks.length / 2));
}

const table = (more: { counted?: number; elements?: string; remembered?: string; rule?: string; seal?: string } = {}): string =>
  tabbed(`table inet weir { # handle 3
  counter in_l { # handle 14
    packets ${more.counted ?? 0} bytes ${(more.counted ?? 0) * 29}
  }

  map slots { # handle 3
    typeof meta mark . numgen inc mod 256 : ct mark
    elements = { ${more.elements ?? 'a : 1, b : 2'} }
  }

  map sticky { # handle 10
    typeof meta mark . ip saddr : ct mark
    flags dynamic,timeout${more.remembered ?? ''}
  }

  chain pass { # handle 20
    type filter hook forward priority filter; policy drop;
    ${more.rule ?? 'ct status dnat accept'} # handle 30
  }
${more.seal ?? ''}}
`);

test('a table: what is counted and remembered changes nothing, what is written does', () => {
  const plain = parseTable(table());
  assert.equal(plain.life, '3');
  assert.equal(plain.seal, null);
  const busy = parseTable(table({ counted: 5, remembered: '\n\t\telements = { 0x1 . 192.0.2.1 timeout 6m expires 5m : 0x2 }' }));
  assert.deepEqual([busy.frame, busy.content], [plain.frame, plain.content]);
  assert.deepEqual(busy.counters.get('in_l'), { packets: 5, bytes: 145 });
  assert.equal(parseTable(table({ elements: 'b : 2,\n\t\t\t     a : 1' })).content, plain.content);
  const other = parseTable(table({ elements: 'a : 1' }));
  assert.equal(other.frame, plain.frame);
  assert.notEqual(other.content, plain.content);
  assert.notEqual(parseTable(table({ rule: 'accept' })).frame, plain.frame);
});

test('the seal is read and is no part of what it seals', () => {
  const { frame, content } = parseTable(table());
  const seal = { digest: 'a'.repeat(24), frame, content };
  const sealed = parseTable(table({ seal: `\n\tchain ${sealName(seal)} { # handle 40\n\t}\n` }));
  assert.deepEqual(sealed, { ...parseTable(table()), seal });
});
