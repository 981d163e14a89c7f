/** Every generated file and what makes it. The texts depend on the declarations alone, not on the clock or the host. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sampleConfig } from '../../src/config/sample.ts';
import { ROOT, readText } from '../repository.ts';
import { attributePage, edgePage } from './attribute-page.ts';
import { clientsPage } from './clients-page.ts';
import { configurationPage } from './configuration-page.ts';
import { errorPage } from './error-page.ts';
import { metricsPage } from './metrics-page.ts';
import { openApiText } from './openapi.ts';

export const GENERATED: Readonly<Record<string, () => string>> = {
  'docs/api/octavia.md': attributePage,
  'docs/api/edge.md': edgePage,
  'docs/api/openapi.json': openApiText,
  'docs/clients.md': clientsPage,
  'docs/errors.md': errorPage,
  'docs/metrics.md': metricsPage,
  'docs/configuration.md': configurationPage,
  'edgeweir.conf.sample': sampleConfig,
};

/** Paths of the files that are missing or differ from what would be written. */
export function staleFiles(): string[] {
  return Object.keys(GENERATED).filter((path) => !existsSync(join(ROOT, path)) || readText(path) !== GENERATED[path]?.());
}
