import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Log } from '../../model/log.ts';
import { parseLogFormat } from '../../model/log-format.ts';
import { FlowLogs } from './flow-logs.ts';
import { lineOf } from './flow.fixture.ts';
import type { FlowLogOptions } from './options.ts';
import { syslogOptions, until } from './receiver.fixture.ts';

interface Bed {
  readonly directory: string;
  readonly file: string;
  readonly said: string[];
  readonly logs: FlowLogs;
  text(): string;
}

function bed(t: TestContext, change: Partial<FlowLogOptions> = {}): Bed {
  const directory = mkdtempSync(join(tmpdir(), 'weir-flow-logs-'));
  const file = join(directory, 'flows.log');
  const said: string[] = [];
  const tell = (fields: object, message: string): void => void said.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell };
  const options: FlowLogOptions = { format: 'octavia', line: parseLogFormat('%ci %{+Q}r'), file, syslog: null, ...change };
  const logs = new FlowLogs({ log, dropped: () => Promise.resolve(7) }, options);
  t.after(async () => {
    await logs.stop();
    rmSync(directory, { recursive: true });
  });
  return { directory, file, said, logs, text: () => (existsSync(file) ? readFileSync(file, 'utf8') : '') };
}

/** A pipe to which the test writes as a proxy does. */
function pipe(t: TestContext, { directory }: Bed, name: string): { path: string; write: (...lines: string[]) => void } {
  const path = join(directory, name);
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(fd));
  return { path, write: (...lines) => void writeSync(fd, lines.map((line) => `${line}\n`).join('')) };
}

const from = (node: string, clientAddress: string): string => lineOf({ node, clientAddress });
const written = (...addresses: string[]): string => addresses.map((address) => `${address} "GET / HTTP/1.1"\n`).join('');

test('what is written into the pipes is in the file, and what was not read is there for the next', async (t) => {
  const here = bed(t);
  const [one, two] = [pipe(t, here, 'one'), pipe(t, here, 'two')];
  one.write(from('one', '192.0.2.1'), 'Proxy listener-1 stopped', 'weir1 nonsense', from('two', '192.0.2.9'));
  here.logs.read('one', one.path);
  here.logs.read('two', two.path);
  await until('it is written', () => here.text() === written('192.0.2.1'));
  two.write(from('two', '192.0.2.2'));
  await until('that too', () => here.text() === written('192.0.2.1', '192.0.2.2'));
  await here.logs.stop();
  assert.match(here.said.join('\n'), /"written":2,"lost":0,"dropped_by_proxies":7,"unreadable":2,"troubles":\[\]/);
  one.write(from('one', '192.0.2.3'));
  const next = bed(t);
  next.logs.read('one', one.path);
  await until('the next reads it', () => next.text() === written('192.0.2.3'));
});

test('what a pipe that is given up still holds is read', async (t) => {
  const here = bed(t);
  const { path, write } = pipe(t, here, 'one');
  write(...Array.from({ length: 100 }, () => from('one', '192.0.2.1')));
  here.logs.read('one', path);
  here.logs.forget('one');
  await until('all of it', () => here.text() === written(...Array.from({ length: 100 }, () => '192.0.2.1')));
});

test('what cannot be written or read is told of', async (t) => {
  const here = bed(t, { file: '/proc/flows.log' });
  await until('the file', () => here.said.some((words) => words.includes('/proc/flows.log')));
  here.logs.read('one', join(here.directory, 'nowhere'));
  await here.logs.stop();
  assert.ok(here.said.some((words) => words.includes('ENOENT') && words.includes('nowhere')));
});

test('told to, it opens the file anew', async (t) => {
  const here = bed(t);
  const { path, write } = pipe(t, here, 'one');
  here.logs.read('one', path);
  write(from('one', '192.0.2.1'));
  await until('it is written', () => here.text() !== '');
  rmSync(here.file);
  here.logs.reopen();
  write(from('one', '192.0.2.2'));
  await until('the file is there again', () => here.text() === written('192.0.2.2'));
});

test('a thread that fails is followed by another one', async (t) => {
  const { said } = bed(t, { syslog: syslogOptions([70_000]) });
  await until('it failed twice', () => said.filter((words) => words.startsWith('The thread that writes flow logs has failed')).length === 2);
});
