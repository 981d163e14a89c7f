import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openssl } from '../openssl.fixture.ts';
import { DerivationQueue } from './derivation-queue.ts';
import { looksLikePkcs12, readPkcs12 } from './pkcs12.ts';
import { pkcs8Key } from './private-key.ts';

/** What people have: OpenSSL 3 as it is, what old programs write, what careful people ask for. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  'OpenSSL 3': [],
  'legacy RC2 and 3DES': ['-legacy'],
  'RC2 with 128 bits, 3DES with two keys': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-2DES'],
  '3DES throughout, SHA-1': ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
  'AES-128 and 192, SHA-512': ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC', '-macalg', 'sha512'],
  'PBES2 with 3DES': ['-keypbe', 'des-ede3-cbc'],
  'one iteration': ['-noiter', '-nomaciter'],
  'no check sum': ['-nomac'],
  'not encrypted': ['-keypbe', 'NONE', '-certpbe', 'NONE'],
};

const inTurn = new DerivationQueue().turnsOf(null);
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

describe('PKCS#12', () => {
  for (const [variant, options] of Object.entries(VARIANTS)) {
    for (const [kind, algorithm] of [['RSA', undefined] as const, ['EC', EC] as const]) {
      test(`${variant}, ${kind}`, async (t) => {
        const ssl = await openssl(t);
        ssl.selfSigned('a', algorithm);
        for (const password of ['', 'pä:ss "word"']) {
          const bytes = ssl.bundle('a', options, password);
          assert.ok(looksLikePkcs12(bytes));
          const { keys, certificates } = await readPkcs12(bytes, inTurn, password);
          const [key, certificate] = [pkcs8Key(keys[0] ?? assert.fail()), new X509Certificate(certificates[0] ?? assert.fail())];
          assert.equal(certificate.raw.compare(new X509Certificate(ssl.read('a.pem')).raw), 0);
          assert.ok(certificate.checkPrivateKey(key));
        }
      });
    }
  }

  test('with another password, or changed anywhere, it does not open', async (t) => {
    const ssl = await openssl(t);
    ssl.selfSigned('a', EC);
    const bytes = ssl.bundle('a', [], 'right');
    await assert.rejects(readPkcs12(bytes, inTurn), /needs a password/);
    await assert.rejects(readPkcs12(bytes, inTurn, 'wrong'), /check sum/);
    const good = ssl.bundle('a');
    // What the check sum covers begins behind the headers and ends before it.
    for (let at = 60; at < good.length - 100; at += 37) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(readPkcs12(changed, inTurn));
    }
  });

  test('iterations that would take hours are refused at once', async (t) => {
    const ssl = await openssl(t);
    ssl.selfSigned('a', EC);
    const bytes = ssl.bundle('a', ['-iter', '3000000', '-nomaciter', '-keypbe', 'AES-256-CBC', '-certpbe', 'NONE']);
    await assert.rejects(readPkcs12(bytes, inTurn), /3000000 iterations/);
    await assert.rejects(readPkcs12(ssl.bundle('a', ['-iter', '250000', '-keypbe', 'NONE', '-certpbe', 'NONE']), inTurn), /250000 iterations/);
  });

  test('any bytes at all are read or refused, never more', async (t) => {
    const ssl = await openssl(t);
    ssl.selfSigned('a', EC);
    const good = ssl.bundle('a', ['-nomac']);
    const edits = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(edits, fc.option(fc.nat(good.length)), async (changes, cut) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        await readPkcs12(bytes.subarray(0, cut ?? good.length), inTurn).catch((error: unknown) => assert.ok(error instanceof Error));
      }),
      { numRuns: 300 },
    );
  });
});
