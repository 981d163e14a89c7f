/** Flows that ought to be cut and cannot be: the change is made all the same, and they are cut as soon as that is possible. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, suite, test } from 'node:test';
import { silent } from '../../model/log.ts';
import { FlowBed, type FlowClient, VIP, memberAt, topologyFor } from './flow-bed.fixture.ts';
import { lacking } from './lacking.fixture.ts';
import { nodeFiles } from './names.ts';
import { until } from './pause.ts';

const TWO = [memberAt('a'), memberAt('b')];

suite('where conntrack is not to be had', () => {
  const said: string[] = [];
  const bed = new FlowBed({ ...silent, warn: (fields, words) => said.push(`${words}: ${(fields as { reason?: string }).reason ?? ''}`) });
  let client: FlowClient;

  before(async () => {
    await bed.start(['a', 'b']);
    client = await bed.addClient('client', '198.51.100.10');
  });
  beforeEach(() => {
    said.length = 0;
  });
  after(() => bed.cleanUp());

  const owed = (): Promise<string> => readFile(nodeFiles(bed.bed.runPath, bed.id).owedCuts, 'utf8').catch(() => '');
  const saidOf = (words: string): string[] => said.filter((line) => line.startsWith(words));

  test('a member is deleted: the table is whole, the log says what could not be done, and a later reading does it', async () => {
    await bed.apply(topologyFor({ members: [memberAt('a')] }));
    assert.match(await client.open('held'), /^a /);
    await lacking('conntrack', async () => {
      await bed.apply(topologyFor({ members: [memberAt('b')] }));
      assert.match(saidOf('flows without a member cannot be cut')[0] ?? '', /conntrack: No such file or directory$/);
      assert.equal(await owed(), VIP);
      assert.match(await client.say('held'), /^a /);
      assert.equal((await bed.driver.read(bed.id))?.outdated, false);
      assert.equal(saidOf('flows cannot be counted').length, 1);
    });
    const cut = async (): Promise<true | null> => ((await bed.driver.read(bed.id)) && (await owed()) === '' ? true : null);
    assert.ok(await until(cut, 50, 15_000));
    assert.match(await client.say('held'), /^b /);
    await client.close('held');
  });

  test('what is owed is paid by the next change, too, though that one has nothing to cut', async () => {
    await bed.apply(topologyFor({ members: [memberAt('a')] }));
    assert.match(await client.open('owed'), /^a /);
    await lacking('conntrack', () => bed.apply(topologyFor({ members: [memberAt('b')] })).then(() => {}));
    assert.equal(await owed(), VIP);
    await bed.apply(topologyFor({ members: [memberAt('b')], listener: { connectionLimit: 99 } }));
    assert.equal(await owed(), '');
    assert.match(await client.say('owed'), /^b /);
    await client.close('owed');
  });

  test('a table can be deleted, and nothing is owed then', async () => {
    await bed.apply(topologyFor({ members: TWO }));
    await client.open('left');
    await lacking('conntrack', () => bed.apply({ ...topologyFor({ members: TWO }), enabled: false }).then(() => {}));
    assert.equal(saidOf('flows without a member cannot be cut').length, 1);
    assert.equal(await owed(), '');
    await bed.apply(topologyFor({ members: [memberAt('b')] }));
    assert.match(await client.say('left'), /^b /);
    await client.close('left');
  });
});
