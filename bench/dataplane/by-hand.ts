/**
 * The peer: HAProxy as its manual's first example has it (configuration manual 2.6, §2.6 "Examples": modes, three timeouts),
 * with round robin and checks. Nothing is tuned, nothing left out.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { BACKENDS, type Bed, type HostName } from './bed.ts';
import { BACKEND_PORT } from './backends.ts';
import { type Processors, inside, start } from './processes.ts';

/** Ports of its frontends, the same as those of our listeners. */
export const PORTS = { http: 80, tcp: 8080, tls: 443 } as const;

/** It ends with the bed. With one processor it makes one thread, as ours does. */
export function startByHand(bed: Bed, host: HostName, certificate: string, directory: string, processors: Processors): ChildProcess {
  const file = join(directory, `${host}.cfg`);
  writeFileSync(file, configuration(bed, certificate));
  return start(inside(bed.namespace(host), processors, ['haproxy', '-q', '-db', '-f', file]));
}

function configuration(bed: Bed, certificate: string): string {
  const servers = BACKENDS.map((host) => `    server ${host} ${bed.address(host, 'back')}:${BACKEND_PORT} check`);
  return [
    'defaults',
    '    timeout connect 5000ms',
    '    timeout client 50000ms',
    '    timeout server 50000ms',
    ...frontend('http', `*:${PORTS.http}`, 'http'),
    ...frontend('tls', `*:${PORTS.tls} ssl crt ${certificate}`, 'http'),
    ...frontend('tcp', `*:${PORTS.tcp}`, 'tcp'),
    ...backend('http', servers),
    ...backend('tcp', servers),
    '',
  ].join('\n');
}

function frontend(name: string, bind: string, mode: 'http' | 'tcp'): string[] {
  return [`frontend ${name}`, `    mode ${mode}`, `    bind ${bind}`, `    default_backend servers-${mode}`];
}

function backend(mode: 'http' | 'tcp', servers: readonly string[]): string[] {
  return [`backend servers-${mode}`, `    mode ${mode}`, '    balance roundrobin', ...servers];
}
