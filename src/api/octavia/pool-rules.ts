/** What makes a pool valid beyond its attributes' types (octavia-api reference §3.4). Pure. */
import { fault } from '../../model/fault.ts';
import type { Pool } from '../../model/pool.ts';
import { isDatagram } from '../../render/datagram.ts';
import { type Limits, checkTlsOptions } from './limits.ts';

type Rules = Pick<
  Pool,
  'protocol' | 'session_persistence' | 'tls_enabled' | 'tls_ciphers' | 'tls_versions' | 'alpn_protocols' | 'ca_tls_container_ref' | 'crl_container_ref'
>;

export function checkPool(pool: Rules, limits: Limits): void {
  checkPersistence(pool);
  if (pool.crl_container_ref !== null && pool.ca_tls_container_ref === null)
    throw fault.validation('A CA certificate reference is required to specify a revocation list.');
  checkTlsOptions(pool, limits);
}

function checkPersistence({ protocol, session_persistence: persistence }: Rules): void {
  if (!persistence) return;
  const { type, cookie_name: cookie, persistence_timeout, persistence_granularity } = persistence;
  if (isDatagram(protocol)) checkDatagramPersistence(protocol, persistence);
  else if (persistence_timeout !== null || persistence_granularity !== null) {
    throw fault.validation('persistence_timeout and persistence_granularity is only for UDP or SCTP protocol pools.');
  }
  if (cookie !== null && type !== 'APP_COOKIE') {
    throw fault.validation('Field "cookie_name" can only be specified with session persistence of type "APP_COOKIE".');
  }
  if (type === 'APP_COOKIE' && cookie === null) {
    throw fault.validation('Field "cookie_name" must be specified when using the "APP_COOKIE" session persistence type.');
  }
}

function checkDatagramPersistence(protocol: 'UDP' | 'SCTP', { type, cookie_name: cookie }: NonNullable<Pool['session_persistence']>): void {
  if (cookie !== null && type === 'SOURCE_IP') {
    throw fault.validation(`session_persistence SOURCE_IP type for ${protocol} protocol only accepts: type, persistence_timeout, persistence_granularity.`);
  }
  if (cookie !== null) throw fault.validation(`Cookie names are not supported for ${protocol} pools.`);
  if (type !== 'SOURCE_IP') throw fault.validation(`Session persistence of type ${type} is not supported for ${protocol} protocol pools.`);
}
