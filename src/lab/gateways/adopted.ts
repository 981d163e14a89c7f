/** What adoption puts on a virtual gateway, and what its programs answer where nothing really runs. */
import { PROXY } from '../../render/gateway/proxy-file.ts';
import { ALIVE } from '../../render/gateway/pair.ts';
import { BALANCE } from '../../render/gateway/balance-file.ts';
import { BALANCER, STATUS } from '../../nodes/openwrt/status.ts';
import type { DevicePrograms, Ran } from './file-object.ts';
import type { DeviceFiles } from './files.ts';
import { GUARD } from './guard.ts';
import type { DeviceService } from './services.ts';

/** Of edge/edgeweir.init. */
export const BALANCE_SERVICE: DeviceService = {
  name: 'edgeweir',
  start: 21,
  stop: 89,
  enabled: true,
  running: false,
  command: [BALANCER, 'run'],
  triggers: [],
};

export function adoptedFiles(files: DeviceFiles): void {
  for (const program of [GUARD, STATUS, BALANCER, ALIVE]) files.write(program, '#!/bin/sh\n', 0o755);
  files.write('/etc/config/edgeweir', '');
}

/** Nothing is refused, and whatever is configured is said to serve, with members that are well. */
export function adoptedPrograms(files: DeviceFiles, runs: (service: string) => boolean): DevicePrograms {
  return new Map([
    [BALANCER, (): Ran => ({ code: 0 })],
    ['/usr/sbin/haproxy', (): Ran => ({ code: 0 })],
    [
      STATUS,
      (): Ran => ({
        code: 0,
        stdout: `${runs('edgeweir') ? tables(files.text(BALANCE.path) ?? '') : ''}end of tables\n${runs('haproxy') ? proxy(files.text(PROXY.path)) : ''}`,
      }),
    ],
  ]);
}

function tables(balance: string): string {
  const said = [...balance.matchAll(/^@(table|service|member) (.*)$/gm)];
  let pool = '-';
  const lines = said.map(([, word, rest = '']) => {
    const words = rest.split(' ');
    if (word === 'table') return 'table 1-1';
    if (word === 'member') return `member ${pool} ${words[0]} up`;
    pool = words[1] ?? '-';
    return `service ${words[0]} ${words[2]} 0`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

const COLUMNS = '# pxname,svname,scur,slim,stot,bin,bout,ereq,status,type,uweight,check_status,last_chk';

function proxy(config: string | null): string {
  if (config === null || config === '') return '';
  const lines: string[] = [];
  let section = '';
  for (const line of config.split('\n')) {
    const [word = '', name = ''] = line.trim().split(' ');
    if (word === 'frontend' || word === 'backend') section = name;
    if (word === 'frontend') lines.push(`${name},FRONTEND,0,1000,0,0,0,0,OPEN,0,,,`);
    if (word === 'backend') lines.push(`${name},BACKEND,0,1000,0,0,0,0,UP,1,1,,`);
    if (word === 'server') lines.push(`${section},${name},0,,0,0,0,0,UP,2,1,L7OK,`);
  }
  return `proxy 1-1\n${COLUMNS}\n${lines.map((line) => `${line}\n`).join('')}`;
}
