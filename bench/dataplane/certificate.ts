/** A certificate of its own for each run, P-256 as most are made today. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/nodes/local/command.ts';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** File with both, as HAProxy wants it. */
  readonly bundle: string;
}

export async function makeCertificate(directory: string, name = 'bench'): Promise<Certificate> {
  const [keyFile, file, bundle] = [join(directory, `${name}.key`), join(directory, `${name}.crt`), join(directory, `${name}.pem`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-x509', '-days', '2'];
  await run('openssl', ['req', ...kind, '-subj', `/CN=${name}.example`, '-keyout', keyFile, '-out', file]);
  const [certificate, key] = [readFileSync(file, 'utf8'), readFileSync(keyFile, 'utf8')];
  writeFileSync(bundle, certificate + key, { mode: 0o600 });
  return { certificate, key, bundle };
}
