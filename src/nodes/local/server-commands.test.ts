import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Server } from '../../model/node-config.ts';
import type { RunningServer } from './proxy-state.ts';
import { addCommands, changeCommands, needsReplacing } from './server-commands.ts';

const CHECK = { address: null, port: null };

function server(change: Partial<Server> = {}): Server {
  return {
    backend: 'p:l',
    name: 'm',
    address: '192.0.2.1',
    port: 80,
    weight: 1,
    state: 'ready',
    backup: false,
    check: null,
    keywords: '',
    dynamic: true,
    ...change,
  };
}

function running(change: Partial<RunningServer> = {}): RunningServer {
  const base = server(change);
  return { ...base, checkEnabled: base.check !== null, checkConfigured: base.check !== null, ...change };
}

const texts = (before: RunningServer, after: Server): string[] => changeCommands(before, after).map(({ text }) => text);

test('equal servers need no command', () => {
  assert.deepEqual(texts(running(), server()), []);
  assert.deepEqual(texts(running({ check: CHECK }), server({ check: CHECK })), []);
});

test('each difference is one command', () => {
  assert.deepEqual(texts(running(), server({ port: 81 })), ['set server p:l/m addr 192.0.2.1 port 81']);
  assert.deepEqual(texts(running(), server({ weight: 0 })), ['set server p:l/m weight 0']);
  assert.deepEqual(texts(running(), server({ state: 'maint' })), ['set server p:l/m state maint']);
  assert.deepEqual(texts(running({ check: CHECK }), server({ check: { address: '192.0.2.9', port: 9 } })), [
    'set server p:l/m check-addr 192.0.2.9',
    'set server p:l/m check-port 9',
  ]);
  assert.deepEqual(texts(running({ checkConfigured: true }), server({ check: CHECK })), ['enable health p:l/m']);
});

test('what cannot be changed or unset needs a new server', () => {
  assert.equal(needsReplacing(running(), server({ weight: 5, port: 81, state: 'maint' })), false);
  assert.equal(needsReplacing(running(), server({ backup: true })), true);
  assert.equal(needsReplacing(running(), server({ check: CHECK })), true);
  assert.equal(needsReplacing(running({ check: CHECK }), server()), true);
  assert.equal(needsReplacing(running({ check: { address: null, port: 9 } }), server({ check: CHECK })), true);
});

test('where members are spoken to in TLS, a check that moves needs a new server: no command changes how it speaks', () => {
  const keywords = 'ssl verify none check';
  const elsewhere = { address: null, port: 9 };
  assert.equal(needsReplacing(running({ check: CHECK }), server({ check: elsewhere, keywords })), true);
  assert.equal(needsReplacing(running({ check: { ...elsewhere, port: 8 } }), server({ check: elsewhere, keywords })), false);
  assert.equal(needsReplacing(running({ check: CHECK }), server({ check: elsewhere, keywords: 'check check-ssl verify none' })), false);
});

test('nothing that is more than a name or an address becomes part of a command', () => {
  for (const name of ['a b', 'a;b', 'a\nb', 'a/b', '']) assert.throws(() => addCommands(server({ name })));
  for (const address of ['192.0.2.1;quit', 'localhost', '']) assert.throws(() => texts(running(), server({ address })));
});
