import { isIPv6 } from 'node:net';

const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The address at which a client on this host reaches a server that listens on `host`, without a slash at the end. */
export function localUrl(host: string, port: number): string {
  const address = WILDCARDS[host] ?? host;
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
