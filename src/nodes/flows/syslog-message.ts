/** A line as a syslog message (RFC 5424), with the names that an amphora's messages have. */
import type { Line } from './target.ts';

/** Facility local0, severity informational (RFC 5424 §6.2.1). */
const LOCAL0 = 16;
const INFORMATIONAL = 6;

/** @param facility 0…7: local0 … local7 */
export function syslogMessage({ text, node, pid }: Line, facility: number, now: Date): Buffer {
  const host = node === '-' ? '-' : `amphora-${node}`.slice(0, 255);
  return Buffer.from(`<${(LOCAL0 + facility) * 8 + INFORMATIONAL}>1 ${now.toISOString()} ${host} haproxy ${pid.slice(0, 128)} - - ${text}`);
}

/** With its length before it (RFC 6587 §3.4.1): whatever is in it, the next message begins where it should. */
export function counted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}
