/** What makes a pool valid beyond its attributes' types (octavia-api reference §3.4). Pure. */
import { fault } from '../../model/fault.ts';
import type { Pool } from '../../model/pool.ts';

type Rules = Pick<Pool, 'protocol' | 'session_persistence' | 'tls_versions' | 'alpn_protocols'>;

export function checkPool(pool: Rules): void {
  checkPersistence(pool);
  if (pool.tls_versions?.length === 0)
    throw fault.validation('Empty TLS version list. Either specify at least one TLS version or remove this parameter to use the default.');
  if (pool.alpn_protocols?.length === 0)
    throw fault.validation('Empty ALPN protocol list. Either specify at least one ALPN protocol or remove this parameter to use the default.');
}

function checkPersistence({ protocol, session_persistence: persistence }: Rules): void {
  if (!persistence) return;
  const { type, cookie_name, persistence_timeout, persistence_granularity } = persistence;
  const isDatagram = protocol === 'UDP' || protocol === 'SCTP';
  if (type === 'APP_COOKIE' && cookie_name === null)
    throw fault.validation('Field "cookie_name" must be specified when using the "APP_COOKIE" session persistence type.');
  if (type !== 'APP_COOKIE' && cookie_name !== null)
    throw fault.validation(`Field "cookie_name" can not be specified when using the "${type}" session persistence type.`);
  if (isDatagram && type !== 'SOURCE_IP') throw fault.validation(`Session persistence of type ${type} is not supported for ${protocol} protocol pools.`);
  if (!isDatagram && (persistence_timeout !== null || persistence_granularity !== null)) {
    throw fault.validation('Session persistence with persistence_timeout or persistence_granularity is only for UDP and SCTP protocol pools.');
  }
}
