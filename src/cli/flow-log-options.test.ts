import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { flowLogOptions } from './flow-log-options.ts';

function optionsOf(agent: Record<string, string>, proxy: Record<string, string> = {}): ReturnType<typeof flowLogOptions> {
  return flowLogOptions(loadConfig({ file: '/dev/null', overrides: { amphora_agent: agent, haproxy_amphora: proxy } }));
}

test('nothing is logged until there is somewhere to log to', () => {
  assert.equal(optionsOf({}), null);
  assert.equal(optionsOf({ tenant_log_file: '/var/log/flows', disable_local_log_storage: 'true' }), null);
});

test('a file, receivers, or both', () => {
  const file = optionsOf({ tenant_log_file: '/var/log/flows', tenant_log_format: 'ecs' });
  assert.deepEqual([file?.file, file?.syslog, file?.format, file?.byDefault], ['/var/log/flows', null, 'ecs', true]);
  const targets = { tenant_log_targets: '192.0.2.1:10514', log_protocol: 'TCP', user_log_facility: '3' };
  const both = optionsOf({ tenant_log_file: '/var/log/flows', ...targets }, { connection_logging: 'false', user_log_format: '%ci' });
  assert.deepEqual(both?.syslog, {
    targets: [{ host: '192.0.2.1', port: 10_514 }],
    protocol: 'TCP',
    facility: 3,
    queueSize: 10_000,
    retryCount: 5,
    retryInterval: 2000,
  });
  assert.deepEqual([both.byDefault, both.line], [false, [{ kind: 'variable', variable: 'ci', quoted: false }]]);
});
