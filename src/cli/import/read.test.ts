import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyOf } from './proposal.ts';
import { read } from './read.ts';

const shortOf = (text: string) =>
  read(text).proposals.map(({ name, address, listeners }) => [
    name,
    address,
    ...listeners.map(
      ({ protocol, port, algorithm, members }) =>
        `${protocol}:${port} ${algorithm} ${members.map((one) => `${one.address}:${one.port}w${one.weight}${one.backup ? 'b' : ''}`).join(' ')}`,
    ),
  ]);

test('config relayd with repeated options, as articles number and quote it', () => {
  const text = [
    "    1. config relayd 'http_lb'",
    "    2. option protocol 'tcp'",
    "    3. option src '0.0.0.0/0'",
    "    4. option dst '0.0.0.0:80'",
    "    5. option server '192.168.1.10:80'",
    "    6. option server '192.168.1.11:80'",
  ].join('\n');
  assert.deepEqual(shortOf(text), [['http_lb', null, 'TCP:80 ROUND_ROBIN 192.168.1.10:80w1 192.168.1.11:80w1']]);
  const notes = read(text).proposals[0]?.notes ?? [];
  assert.match(notes.join(' '), /relayd joins networks and balances nothing/);
  assert.deepEqual(shortOf(text.replaceAll("'", '’')), shortOf(text));
});

test('an ipset and the rule beside it: its members are meant, and what the rule really does is said', () => {
  const text = [
    '  1. ipset create web_servers hash:ip',
    '  2. ipset add web_servers 192.168.1.10',
    '  3. ipset add web_servers 192.168.1.11',
    '  4. iptables -t nat -A PREROUTING -p tcp --dport 80 -m set --match-set web_servers dst -j DNAT --to-destination 192.168.1.100',
  ].join('\n');
  assert.deepEqual(shortOf(text), [['web_servers', '192.168.1.100', 'TCP:80 ROUND_ROBIN 192.168.1.10:80w1 192.168.1.11:80w1']]);
  assert.match(read(text).proposals[0]?.notes.join(' ') ?? '', /balances nothing/);
});

test('rules that take turns are one load balancer', () => {
  const rule = (n: number, address: string) =>
    `iptables -t nat -A PREROUTING -d 203.0.113.10/32 -p tcp --dport 443 -m statistic --mode nth --every ${n} --packet 0 -j DNAT --to-destination ${address}:8443`;
  const text = [
    rule(2, '192.168.1.10'),
    'iptables -t nat -A PREROUTING -d 203.0.113.10/32 -p tcp --dport 443 -j DNAT --to-destination 192.168.1.11:8443',
    'iptables -A INPUT -j ACCEPT',
  ].join('\n');
  assert.deepEqual(shortOf(text), [['dnat-tcp-443', '203.0.113.10', 'TCP:443 ROUND_ROBIN 192.168.1.10:8443w1 192.168.1.11:8443w1']]);
});

test('redirects of the firewall, typographic quotes and a misplaced device included', () => {
  const text = [
    'config device',
    'option name ‘wan_lb’',
    'option proto ‘dhcp’',
    'option ipaddr ‘203.0.113.10’',
    '',
    'config redirect',
    'option src ‘wan’',
    'option src_dport ‘80’',
    'option dest ‘lan’',
    'option dest_ip ‘192.168.1.100’',
    'option dest_port ‘8080’',
    'option proto ‘tcp’',
  ].join('\n');
  assert.deepEqual(shortOf(text), [['redirect-1', null, 'TCP:80 ROUND_ROBIN 192.168.1.100:8080w1']]);
  assert.match(read(text).remarks.join(' '), /device wan_lb: protocol and address belong into a section of type interface; the address 203.0.113.10/);
});

test('redirects that are no load balancer say why', () => {
  const redirect = (...options: string[]) => ['config redirect', ...options.map((option) => `\toption ${option}`)].join('\n');
  const why = (...options: string[]) => read(redirect(...options)).remarks.join();
  assert.match(why("target 'SNAT'"), /its target is SNAT/);
  assert.match(why("src_dport '80'"), /leads to the router itself/);
  assert.match(why("src_dport '80-90'", "dest_ip '192.0.2.1'"), /no single port/);
  assert.match(why("src_dport '80'", "dest_ip 'web'"), /'web' is no address/);
  assert.match(why("src_dport '80'", "dest_ip '192.0.2.1'", "proto 'gre'"), /neither TCP nor UDP/);
  assert.match(why("src_dport '80'", "dest_ip '192.0.2.1'", "enabled '0'"), /switched off/);
  const both = read(redirect("name 'dns'", "src_dport '53'", "dest_ip '192.0.2.1 192.0.2.2'", "ipset 'clients'", "src_ip '198.51.100.7'")).proposals[0];
  assert.deepEqual(
    both?.listeners.map(({ protocol, members, allowedCidrs }) => [protocol, members.length, allowedCidrs]),
    [
      ['TCP', 2, ['198.51.100.7/32']],
      ['UDP', 2, ['198.51.100.7/32']],
    ],
  );
  assert.match(both?.notes.join(' ') ?? '', /leaves out redirects to several addresses.*set clients is not taken over/);
});

test('virtual servers of keepalived', () => {
  const text = `
config virtual_server 'web'
  option ipaddr '203.0.113.10'
  option port '80'
  option lb_algo 'wlc'
  option lb_kind 'DR'
  option persistence_timeout '300'
  option sorry_server_ip '192.0.2.9'
  list real_server 'one'
  list real_server 'two'
  list real_server 'gone'

config real_server
  option name 'one'
  option ipaddr '192.0.2.1'
  option port '8080'
  option weight '3'
  option check 'HTTP_GET'

config real_server
  option name 'two'
  option ipaddr '192.0.2.2'
  option weight '1'
`;
  assert.deepEqual(shortOf(text), [['web', '203.0.113.10', 'TCP:80 LEAST_CONNECTIONS 192.0.2.1:8080w3 192.0.2.2:80w1 192.0.2.9:80w1b']]);
  const [proposal] = read(text).proposals;
  assert.deepEqual([proposal?.listeners[0]?.sticky, proposal?.listeners[0]?.monitor], [300, { type: 'HTTP', path: '/' }]);
  assert.match(proposal?.notes.join(' ') ?? '', /no real_server named gone.*\(NAT\)/);
});

test('haproxy.cfg', () => {
  const text = `
defaults
    mode http
frontend www # the site
    bind 203.0.113.10:80,[2001:db8::1]:8080
    acl api path_beg /api
    default_backend web
backend web
    balance leastconn
    option httpchk GET /health
    server a 192.0.2.1:8080 check weight 5
    server b 192.0.2.2 check backup
    server c web.example:80
listen db
    mode tcp
    bind :5432 ssl crt /x
    balance source
    server m [2001:db8::5]:5432 check
frontend alone
    bind :1
`;
  assert.deepEqual(shortOf(text), [
    ['www', '203.0.113.10', 'HTTP:80 LEAST_CONNECTIONS 192.0.2.1:8080w5 192.0.2.2:80w1b', 'HTTP:8080 LEAST_CONNECTIONS 192.0.2.1:8080w5 192.0.2.2:80w1b'],
    ['db', null, 'TCP:5432 SOURCE_IP 2001:db8::5:5432w1'],
  ]);
  const { proposals, remarks } = read(text);
  assert.deepEqual(proposals[0]?.listeners[0]?.monitor, { type: 'HTTP', path: '/health' });
  assert.match(proposals[0]?.notes.join(' ') ?? '', /Not taken over: acl/);
  assert.match(proposals[1]?.notes.join(' ') ?? '', /ended TLS/);
  assert.deepEqual(remarks, ['frontend alone: it has no default_backend']);
});

test('uhttpd is told from a load balancer; two of one name are told apart', () => {
  const text =
    "config uhttpd 'main'\n\toption listen_http '0.0.0.0:80'\n\nconfig redirect\n\toption name 'x y'\n\toption src_dport '1'\n\toption dest_ip '192.0.2.1'\n\nconfig redirect\n\toption name 'x/y'\n\toption src_dport '2'\n\toption dest_ip '192.0.2.1'\n";
  assert.deepEqual(
    read(text).proposals.map(({ name }) => name),
    ['x-y', 'x-y-2'],
  );
  assert.match(read(text).remarks.join(), /uhttpd main: the router’s own web server.*0.0.0.0:80/);
});

test('any text is read without an error, and what comes of it fits the API', () => {
  const word = fc.constantFrom(
    'config',
    'redirect',
    'relayd',
    'option',
    'list',
    'server',
    'src_dport',
    'dest_ip',
    '192.0.2.1',
    '80',
    'frontend',
    'bind',
    ':80',
    'iptables',
    '-j',
    'DNAT',
    '--dport',
    '--to-destination',
    '-p',
    'tcp',
    '\n',
    '\t',
    "'",
    '99999',
    '[::1]:1',
    'ipset',
    'add',
    'x',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
      ),
      (text) => {
        for (const proposal of read(text).proposals) {
          const body = bodyOf(proposal, 'subnet', true);
          assert.match(String(body['name']), /^[A-Za-z0-9_-]+$/);
          for (const { port, members } of proposal.listeners)
            for (const one of [port, ...members.map((member) => member.port)]) assert.ok(Number.isInteger(one) && one >= 1 && one <= 65_535, String(one));
        }
      },
    ),
  );
});
