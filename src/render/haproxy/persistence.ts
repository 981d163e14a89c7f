/** How a client sticks to a member. */
import { isIP } from 'node:net';
import type { PoolTopology, Vip } from '../../model/topology.ts';
import { checkedName, fetch, name, word } from './argument.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';
import type { Directive } from './directive.ts';
import { PEERS } from './global.ts';
import type { Mode } from './mode.ts';
import { settlingDirectives } from './settling.ts';

/** RFC 6265's tokens and more: what HAProxy can find in a Cookie header at all. */
const COOKIE_NAME = /^[\x21-\x7e]+$/;

/** Cookies need a backend that reads HTTP; in one that only moves bytes they are left out. */
export function persistenceDirectives(pool: PoolTopology, vips: readonly Vip[], mode: Mode): Directive[] {
  const { persistence } = pool;
  if (persistence === null) return [];
  if (persistence.type === 'SOURCE_IP') return [...settlingDirectives(mode), ...sourceAddress(vips)];
  if (mode === 'tcp') return [];
  return persistence.type === 'HTTP_COOKIE' ? insertedCookie(pool.id) : [...settlingDirectives(mode), ...applicationCookie(persistence.cookie_name)];
}

/** Whether the pool's backend has a table that the next worker should inherit. */
export function hasTable(pool: PoolTopology, mode: Mode): boolean {
  const type = pool.persistence?.type;
  return type === 'SOURCE_IP' || (type === 'APP_COOKIE' && mode === 'http');
}

function sourceAddress(vips: readonly Vip[]): Directive[] {
  // A table of type ip holds no IPv6 address: clients would not stick. One of type ipv6 holds both.
  const type = vips.some(({ address }) => isIP(address) === 6) ? word('ipv6') : word('ip');
  return [
    [word('stick-table'), word('type'), type, ...TABLE],
    [word('stick'), word('on'), word('src')],
  ];
}

const TABLE: Directive = [word('size'), word('10k'), word('peers'), name(PEERS)];

/**
 * HAProxy derives each server's cookie from the key, the address and the port ("dynamic"): it refuses the keyword
 * `cookie` for servers added at runtime, while these get theirs with `enable dynamic-cookie`. The key is the pool's id, so
 * that a client keeps its member on every listener, process and host; the address itself does not show.
 */
function insertedCookie(poolId: string): Directive[] {
  return [
    [word('cookie'), word('SRV'), word('insert'), word('indirect'), word('nocache'), word('dynamic')],
    [word('dynamic-cookie-key'), name(checkedName(poolId))],
  ];
}

/**
 * The table holds digests of the cookies. A table of strings would cut them, and sessions whose identifiers begin alike
 * (as signed tokens do) would all stick to one member.
 */
function applicationCookie(cookie: string | null): Directive[] {
  if (cookie === null || !COOKIE_NAME.test(cookie)) throw new CompileError(`not a valid cookie name: ${shown(cookie)}`);
  return [
    [word('stick-table'), word('type'), word('binary'), word('len'), word('20'), ...TABLE],
    [word('stick'), word('store-response'), fetch('res.cook', cookie, ',sha1')],
    [word('stick'), word('match'), fetch('req.cook', cookie, ',sha1')],
  ];
}
