/**
 * PING: the program that HAProxy runs for each check. It has the addresses in it, by the member's name, for two reasons:
 * HAProxy tells a program the member's address but not the one to check instead, and a server added at runtime has no such
 * check in 2.6. So a change of these members is a change of this file, and therefore a reload.
 * HAProxy ends a program that is not done when the next check is due, also where the monitor's timeout is longer.
 */
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import type { MonitorTopology, PoolTopology } from '../../model/topology.ts';
import { checkedName } from './argument.ts';
import { isPlainAddress } from '../address.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';

/** Where the program finds `ping`, whatever the server's own path is. */
export const PROGRAM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** null unless the pool is checked with PING. */
export function pingProgram({ members, monitor }: PoolTopology): ProxyFile | null {
  if (monitor?.type !== 'PING') return null;
  const targets = members.map(({ id, address, monitorAddress }) => `${checkedName(id)}) address=${checkedAddress(monitorAddress ?? address)} ;;`);
  const content = new Sealed(program(targets, monitor));
  return { path: `checks/${content.digest}`, content, program: true };
}

function program(targets: readonly string[], { timeout }: MonitorTopology): string {
  const lines = [
    '#!/bin/sh',
    'case "$HAPROXY_SERVER_NAME" in',
    ...targets,
    '*) exit 1 ;;',
    'esac',
    `exec ping -n -q -c 1 -W ${wholeSeconds(timeout)} "$address" > /dev/null 2>&1`,
  ];
  return `${lines.join('\n')}\n`;
}

function checkedAddress(address: string): string {
  if (!isPlainAddress(address)) throw new CompileError(`not a valid address to ping: ${shown(address)}`);
  return address;
}

function wholeSeconds(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new CompileError(`not a valid timeout of a ping: ${shown(value)}`);
  return Math.max(value, 1);
}
