/** The request of an HTTP check, as edge/edgeweir-balance sends it: printf's %b turns it into bytes, and nothing in it is the shell's. */
import type { MemberTopology, MonitorTopology } from '../../model/topology.ts';
import { GatewayCannotError } from './gateway-error.ts';

const PRINTABLE = /^[\x21-\x7e]{1,1024}$/;
const PLAIN = /[A-Za-z0-9/._-]/;

export function requestOf(http: MonitorTopology['http'], member: Pick<MemberTopology, 'address' | 'monitorAddress'>): string {
  const { method = 'GET', path = '/', version = null, domainName = null } = http ?? {};
  if (![method, path, domainName ?? '-'].every((word) => PRINTABLE.test(word)))
    throw new GatewayCannotError('a health monitor with characters other than printable ASCII is not carried');
  const at = member.monitorAddress ?? member.address;
  const host = domainName ?? (version === 1.1 ? (at.includes(':') ? `[${at}]` : at) : null);
  const lines = [`${method} ${path} HTTP/${version === 1.1 ? '1.1' : '1.0'}`, ...(host === null ? [] : [`Host: ${host}`]), 'Connection: close', '', ''];
  return escaped(lines.join('\r\n'));
}

function escaped(text: string): string {
  return Array.from(text, (character) => (PLAIN.test(character) ? character : `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`)).join('');
}
