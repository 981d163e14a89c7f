import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { Certificate } from '../model/certificate.ts';
import { fault } from '../model/fault.ts';
import type { Listener } from '../model/listener.ts';
import { MaterialError } from './tls-references.ts';
import type { Pool } from '../model/pool.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';
import { type CertificateVault, MaterialReader } from './materials.ts';

type Rows = Pick<BalancerTree, 'balancer' | 'listeners' | 'pools'>;

const LISTENER = {
  deleting: false,
  admin_state_up: true,
  default_tls_container_ref: 'own',
  sni_container_refs: [] as readonly string[],
  client_authentication: 'NONE',
  client_ca_tls_container_ref: null as string | null,
  client_crl_container_ref: null as string | null,
};

/** Only what the reader looks at. */
function rows(listeners: readonly Partial<typeof LISTENER>[], pools: readonly Partial<Pool>[] = []): Rows {
  return {
    balancer: { id: 'balancer' } as Rows['balancer'],
    listeners: listeners.map((change) => ({ ...LISTENER, ...change }) as unknown as Listener),
    pools: pools.map((change) => ({ deleting: false, admin_state_up: true, ...change }) as Pool),
  };
}

/** A vault whose contents a test changes; `read` is what was parsed. */
class Contents implements CertificateVault {
  readonly texts = new Map<string, string>();
  readonly read: string[] = [];

  async stamp(refs: readonly string[]): Promise<string> {
    return Promise.resolve(refs.map((ref) => this.#text(ref)).join('\n'));
  }

  async certificate(ref: string): Promise<Certificate> {
    this.read.push(ref);
    const text = this.#text(ref);
    return Promise.resolve({ certificate: `cert ${text}\n`, privateKey: `key ${text}\n`, intermediates: [`chain ${text}\n`], notAfter: '', names: [] });
  }

  async authority(ca: string, crl: string | null): Promise<{ certificates: string[]; revocations: string[] }> {
    this.read.push(`${ca} ${crl}`);
    return Promise.resolve({ certificates: [this.#text(ca)], revocations: crl === null ? [] : [this.#text(crl)] });
  }

  #text(ref: string): string {
    return this.texts.get(ref) ?? raise(ref);
  }
}

function raise(ref: string): never {
  throw fault.certificateNotRetrieved([ref], '');
}

const no = (ref: string): string => fault.certificateNotRetrieved([ref], '').message;

function contents(...refs: string[]): Contents {
  const vault = new Contents();
  for (const ref of refs) vault.texts.set(ref, ref);
  return vault;
}

test('what rows refer to is read once, and again when it has changed', async () => {
  const vault = contents('own', 'sni', 'ca', 'crl');
  const reader = new MaterialReader(vault);
  const tree = rows([
    { sni_container_refs: ['sni', 'own'], client_authentication: 'OPTIONAL', client_ca_tls_container_ref: 'ca', client_crl_container_ref: 'crl' },
  ]);
  const { materials, complaints } = await reader.read(tree);
  assert.deepEqual(complaints, []);
  assert.equal(materials.certificate('own').open(), 'cert own\nchain own\nkey own\n');
  assert.deepEqual([materials.authority('ca', 'crl').certificates.open(), materials.authority('ca', 'crl').revocations?.open()], ['ca', 'crl']);
  assert.deepEqual(vault.read, ['own', 'sni', 'ca crl']);
  await reader.read(tree);
  assert.equal(vault.read.length, 3);
  vault.texts.set('sni', 'renewed');
  assert.match((await reader.read(tree)).materials.certificate('sni').open(), /cert renewed/);
  assert.deepEqual(vault.read.slice(3), ['sni']);
});

test('what is lost is kept as it was last, and told; what was never read is an error', async () => {
  const vault = contents('own');
  const reader = new MaterialReader(vault);
  await reader.read(rows([{}]));
  vault.texts.delete('own');
  const { materials, complaints } = await reader.read(rows([{}, { default_tls_container_ref: 'never' }]));
  assert.deepEqual(complaints, [no('own'), no('never')]);
  assert.match(materials.certificate('own').open(), /cert own/);
  assert.throws(() => materials.certificate('never'), new MaterialError(no('never')));
  await reader.read(rows([]));
  assert.throws(() => materials.certificate('other'), MaterialError);
  const forgotten = await reader.read(rows([{}]));
  assert.throws(() => forgotten.materials.certificate('own'), new MaterialError(no('own')));
});

test('nothing is asked of what is switched off, on its way out, or does not use it', async () => {
  const reader = new MaterialReader(contents());
  const listeners = [{ deleting: true }, { admin_state_up: false }, { default_tls_container_ref: null as never, client_ca_tls_container_ref: 'ca' }];
  const pool = { tls_container_ref: 'x', ca_tls_container_ref: 'y', crl_container_ref: null };
  assert.deepEqual((await reader.read(rows(listeners, [{ ...pool, tls_enabled: false }]))).complaints, []);
  assert.deepEqual((await reader.read(rows([], [{ ...pool, tls_enabled: true }]))).complaints, [no('x'), no('y')]);
});

test('a failure of this server is no lost certificate: it passes, and what was read stays', async () => {
  const vault = contents('own');
  const reader = new MaterialReader(vault);
  await reader.read(rows([{}]));
  const closed = new Error('database is not open');
  vault.stamp = async () => Promise.reject(closed);
  await assert.rejects(reader.read(rows([{}])), closed);
  vault.stamp = async () => Promise.reject(fault.certificateNotRetrieved(['own'], ''));
  assert.match((await reader.read(rows([{}]))).materials.certificate('own').open(), /cert own/);
});

test('without a key manager nothing can be read, and that is said', async () => {
  const { complaints } = await new MaterialReader(null).read(rows([{}]));
  assert.deepEqual(complaints, ['Certificates are kept in a key manager that this server does not read ([key_manager] mode)']);
});

test('between two certificates others have their turn', async () => {
  const refs = Array.from({ length: 100 }, (_, index) => `sni-${index}`);
  let turns = 0;
  const reading = new MaterialReader(contents('own', ...refs)).read(rows([{ sni_container_refs: refs }]));
  const counting = (async () => {
    for (; turns < 1000; turns++) await turn();
  })();
  await reading;
  assert.ok(turns >= refs.length, `${turns} turns`);
  turns = 1000;
  await counting;
});
