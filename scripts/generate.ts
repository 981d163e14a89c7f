/**
 * `npm run generate`: writes what is made from declarations: reference pages, the OpenAPI document, the sample
 * configuration. `--check` writes nothing and exits 1 if a file differs from what would be written.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GENERATED, staleFiles } from './generate/files.ts';
import { ROOT } from './repository.ts';

function write(): void {
  for (const path of staleFiles()) {
    const target = join(ROOT, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, GENERATED[path]?.() ?? '');
    process.stdout.write(`wrote ${path}\n`);
  }
}

function check(): void {
  const stale = staleFiles();
  for (const path of stale) process.stdout.write(`${path} is not what its declarations say: npm run generate\n`);
  if (stale.length > 0) process.exitCode = 1;
}

const [option, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (option !== undefined && option !== '--check')) {
  process.stderr.write('Usage: npm run generate [-- --check]\n');
  process.exitCode = 2;
} else if (option === '--check') check();
else write();
