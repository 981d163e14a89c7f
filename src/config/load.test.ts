import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError, loadConfig } from './load.ts';
import { type Config, allOptions } from './options.ts';
import { sampleConfig, shownConfig } from './sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgeweir-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'edgeweir.conf');

function load(text: string, warn: (message: string) => void = () => {}): Config {
  writeFileSync(file, text);
  return loadConfig({ file, warn, env: {} });
}

const DEFAULTS = loadConfig({ file: '/dev/null' });

describe('configuration', () => {
  test('the command line wins over the file, the file over the defaults', () => {
    writeFileSync(file, '[api_settings]\nbind_port = 1234\nkeystone_port = 5000\n');
    const { api_settings: api } = loadConfig({ file, overrides: { api_settings: { bind_port: '4321' } } });
    assert.deepEqual([api.bind_port, api.keystone_port, api.bind_host], [4321, 5000, '127.0.0.1']);
  });

  test('the command line has no unknown options', () => {
    const overrides = Object.fromEntries([['api_settings', { bind_prot: '1' }]]);
    assert.throws(
      () => loadConfig({ file: '/dev/null', overrides }),
      new ConfigError('command line: [api_settings] bind_prot is no option of Edgeweir; did you mean [api_settings] bind_port?'),
    );
  });

  test('the line from the OpenStack article selects the provider', () => {
    assert.equal(load('[lb_provider]\nprovider = octavia\n').lb_provider.provider, 'octavia');
  });

  test('EDGEWEIR_CONF names the file', () => {
    writeFileSync(file, '[DEFAULT]\ndebug = yes\n');
    assert.equal(loadConfig({ env: { EDGEWEIR_CONF: file } }).DEFAULT.debug, true);
  });

  test('a file that was named must be there', () => {
    assert.throws(() => loadConfig({ file: '/nowhere/edgeweir.conf' }), ConfigError);
  });

  test('wrong values are refused with file, line, option and reason', () => {
    const cases = [
      ['[api_settings]\nbind_port = http', ":2: [api_settings] bind_port: 'http' is not a whole number"],
      ['[api_settings]\n\nbind_port = 65536', ':3: [api_settings] bind_port: 65536 is not within 1 and 65535'],
      ['[DEFAULT]\ndebug = maybe', ":2: [DEFAULT] debug: 'maybe' is neither true nor false"],
      ['[DEFAULT]\nstate_path = here', ":2: [DEFAULT] state_path: 'here' is not an absolute path"],
      [
        '[lb_provider]\nprovider = nova',
        ":2: [lb_provider] provider: 'nova' is none of amphora, octavia, noop, provider_noop, noop_driver, noop_driver-alt, openwrt",
      ],
      ['[api_settings]\nbind_host = localhost', ":2: [api_settings] bind_host: 'localhost' is not an IPv4 or IPv6 address"],
      ['[local_node]\nbridge_mappings = a', ":2: [local_node] bridge_mappings: 'a' is not physnet:bridge or physnet:namespace/bridge"],
      ['[DEFAULT]\nstate_path = $nothing/x', ':2: [DEFAULT] state_path: $nothing refers to no option; write $$ for a dollar sign'],
      ['[DEFAULT]\nstate_path = $run_path\nrun_path = $state_path', ':2: [DEFAULT] state_path: The options refer to each other in a circle'],
      ['nothing', ':1: Neither a section, a comment nor "option = value"'],
    ] as const;
    for (const [text, message] of cases) assert.throws(() => load(text), new ConfigError(file + message), text);
  });

  test('the text of a secret is in no message', () => {
    assert.throws(
      () => load('[identity]\nadmin_password = hunter\n  2'),
      (error) => error instanceof ConfigError && !error.message.includes('hunter'),
    );
  });

  test('unknown and repeated options are pointed out', () => {
    const warnings: string[] = [];
    load('[api_settings]\nbind_prot = 1\n[DEFAULT]\nbind_port = 1\nzzzzzzzzz = 1\ndebug = on\ndebug = off\n', (message) => warnings.push(message));
    assert.deepEqual(warnings, [
      `${file}:2: [api_settings] bind_prot is no option of Edgeweir and is ignored; did you mean [api_settings] bind_port?`,
      `${file}:4: [DEFAULT] bind_port is no option of Edgeweir and is ignored; did you mean [api_settings] bind_port?`,
      `${file}:5: [DEFAULT] zzzzzzzzz is no option of Edgeweir and is ignored`,
      `${file}:7: [DEFAULT] debug was given before, at ${file}:6; the last one counts`,
    ]);
  });

  test('values refer to other options', () => {
    const config = load(
      '[DEFAULT]\nstate_path = /srv/weir\nlog_file = ${state_path}/weir.log\nrun_path = $DEFAULT.state_path/run\n[identity]\nadmin_password = a$$b\\$c$\n',
    );
    assert.equal(config.DEFAULT.log_file, '/srv/weir/weir.log');
    assert.equal(config.identity.admin_password, 'a$b$c$');
    assert.equal(load('[identity]\nregion = $api_settings.bind_host\n').identity.region, '127.0.0.1');
  });

  test('receivers of flow logs are addresses with ports, as Octavia writes them; a line of a flow says what is known', () => {
    const { amphora_agent: agent } = load('[amphora_agent]\ntenant_log_targets = 192.0.2.1:10514, 2001:db8:1::10:10514, [2001:db8::2]:514');
    assert.deepEqual(
      agent.tenant_log_targets.map(({ host, port }) => [host, port]),
      [
        ['192.0.2.1', 10_514],
        ['2001:db8:1::10', 10_514],
        ['2001:db8::2', 514],
      ],
    );
    for (const wrong of ['192.0.2.1', 'logs.example:514', '192.0.2.1:0', '192.0.2.1:65536', ':514'])
      assert.throws(() => load(`[amphora_agent]\ntenant_log_targets = ${wrong}`), /is not an IP address and a port/, wrong);
    assert.throws(() => load('[haproxy_amphora]\nuser_log_format = %ci %hrl'), /'%hrl' is not known/);
  });

  test('bridge mappings add up over lines', () => {
    const { bridge_mappings: mappings } = load('[local_node]\nbridge_mappings = a:br-a, b:ns/br-b\nbridge_mappings = c:br-c\n').local_node;
    assert.deepEqual(mappings, [
      { physicalNetwork: 'a', namespace: null, bridge: 'br-a' },
      { physicalNetwork: 'b', namespace: 'ns', bridge: 'br-b' },
      { physicalNetwork: 'c', namespace: null, bridge: 'br-c' },
    ]);
  });
});

describe('sample', () => {
  test('as printed it changes nothing, and without its comment signs it says the defaults', () => {
    const warn = (message: string): void => assert.fail(message);
    assert.deepEqual(load(sampleConfig(), warn), DEFAULTS);
    assert.deepEqual(load(sampleConfig().replace(/^#(?! )/gm, ''), warn), DEFAULTS);
  });

  test('what is shown reads back as it was, but for secrets', () => {
    const config = load('[identity]\nadmin_password = hunter2\nregion = a$$b\n[local_node]\nbridge_mappings = a:b/c\n');
    const shown = shownConfig(config);
    assert.ok(!shown.includes('hunter2'));
    const { identity, ...rest } = load(shown);
    assert.deepEqual({ ...rest, identity: { ...identity, admin_password: 'hunter2' } }, { ...config });
  });

  test('every option has help, and a default that its own type accepts', () => {
    for (const { group, name, option } of allOptions()) {
      assert.ok(option.help.endsWith('.'), `${group}.${name}`);
      assert.deepEqual(option.type.parse(option.type.format(option.initial)), option.initial, `${group}.${name}`);
    }
  });
});
