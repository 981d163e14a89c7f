import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { silent } from '../model/log.ts';
import { runChild } from './crash.fixture.ts';
import { temporaryDirectory } from './store.fixture.ts';
import { StoreLockedError, openStore } from './store.ts';

const HOLDER = `
  import { openStore } from './store.ts';
  import { silent } from '../model/log.ts';
  await openStore({ statePath: process.argv[1], log: silent });
  console.log('open');
  setInterval(() => {}, 1000);
`;

test('a second server is refused at once, in words; a killed one holds nothing', async (t) => {
  const statePath = await temporaryDirectory(t);
  const holder = runChild(t, HOLDER, statePath);
  assert.equal((await holder.lines.next()).value, 'open');
  await assert.rejects(openStore({ statePath, log: silent }), (error) => {
    assert.ok(error instanceof StoreLockedError);
    assert.equal(error.holder, holder.process.pid);
    assert.match(error.message, new RegExp(`^${statePath} is in use .*process ${holder.process.pid}.*: stop that one first`));
    return true;
  });
  await holder.kill();
  const store = await openStore({ statePath, log: silent });
  await store.close();
});

test('a second store in the same process is refused, by whatever path, and the first keeps its lock', async (t) => {
  const statePath = await temporaryDirectory(t);
  const link = `${statePath}-link`;
  await symlink(statePath, link);
  t.after(() => rm(link, { force: true }));
  const store = await openStore({ statePath, log: silent });
  t.after(() => store.close());
  await assert.rejects(openStore({ statePath: link, log: silent }), { name: 'StoreLockedError' });
  const other = runChild(
    t,
    HOLDER.replace('await openStore', 'console.log(await openStore').replace('silent });', 'silent }).catch((error) => error.name)); process.exit();'),
    statePath,
  );
  assert.equal((await other.lines.next()).value, 'StoreLockedError');
});

test('closing lets the next one in', async (t) => {
  const statePath = await temporaryDirectory(t);
  await (await openStore({ statePath, log: silent })).close();
  await (await openStore({ statePath, log: silent })).close();
});

test('a lock file that is none is refused with a remedy', async (t) => {
  const statePath = await temporaryDirectory(t);
  await writeFile(join(statePath, 'edgeweir.lock'), 'x'.repeat(2000));
  await assert.rejects(openStore({ statePath, log: silent }), { name: 'StoreDamagedError', message: /edgeweir\.lock .*remove it/ });
});
