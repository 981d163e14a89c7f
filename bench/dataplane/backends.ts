/** The web servers behind everything that is measured: nginx, one process in each backend. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BACKENDS, type Bed } from './bed.ts';
import { type Processors, inside, start } from './processes.ts';

export const BACKEND_PORT = 8080;
const KIB = 1024;

/** Bodies by path; `/` answers with a few bytes. */
export const BODIES: Readonly<Record<string, number>> = { '/64k': 64 * KIB, '/1m': KIB * KIB };

/** They end with the bed. */
export function startBackends(bed: Bed, directory: string, processors: Processors): void {
  const root = join(directory, 'pages');
  mkdirSync(root);
  for (const [path, size] of Object.entries(BODIES)) writeFileSync(join(root, path), Buffer.alloc(size, 'x'));
  for (const host of BACKENDS) {
    const home = join(directory, host);
    mkdirSync(home);
    writeFileSync(join(home, 'nginx.conf'), configuration(host, home, root));
    start(inside(bed.namespace(host), processors, ['nginx', '-p', home, '-e', join(home, 'error.log'), '-c', join(home, 'nginx.conf')]));
  }
}

/** Nothing is logged, and no connection ended, by the backend: it must not be what is measured. */
function configuration(name: string, home: string, root: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path ${join(home, kind)};`);
  return [
    'daemon off;',
    'user root;',
    'master_process off;',
    `pid ${join(home, 'pid')};`,
    'worker_rlimit_nofile 65536;',
    'events { worker_connections 16384; }',
    'http {',
    ...temporary,
    '  access_log off;',
    '  sendfile on;',
    '  tcp_nopush on;',
    '  keepalive_requests 1000000000;',
    '  keepalive_timeout 600s;',
    '  open_file_cache max=16;',
    '  default_type text/plain;',
    '  server {',
    `    listen ${BACKEND_PORT} backlog=4096;`,
    `    root ${root};`,
    `    location = / { return 200 "${name}\\n"; }`,
    '  }',
    '}',
    '',
  ].join('\n');
}
