/** Headers that a listener adds to the requests it passes on. */
import type { ListenerTopology } from '../../model/topology.ts';
import { type Argument, text, word } from './argument.ts';
import type { Directive } from './directive.ts';
import { frontendMode } from './mode.ts';
import { CLIENT_HEADERS, INSERTED_HEADERS } from './support.ts';

export function insertedHeaders(listener: ListenerTopology): Directive[] {
  if (frontendMode(listener) !== 'http') return [];
  const wanted = new Set(Object.keys(listener.insertHeaders).filter((header) => listener.insertHeaders[header]?.toLowerCase() === 'true'));
  const forwarded = INSERTED_HEADERS.filter((header) => wanted.has(header)).map((header) => FORWARDED[header](listener));
  return listener.tls ? [...forwarded, ...clientHeaders(listener, wanted)] : forwarded;
}

const FORWARDED: Readonly<Record<(typeof INSERTED_HEADERS)[number], (listener: ListenerTopology) => Directive>> = {
  'X-Forwarded-For': () => [word('option'), word('forwardfor')],
  'X-Forwarded-Port': () => [word('http-request'), word('set-header'), word('X-Forwarded-Port'), word('%[dst_port]')],
  'X-Forwarded-Proto': ({ tls }) => [word('http-request'), word('set-header'), word('X-Forwarded-Proto'), tls ? word('https') : word('http')],
};

/**
 * What members believe about a client's certificate must not come from the client: as soon as one of these headers is added,
 * or certificates are asked for, all of them are taken out, also in the spelling that many servers take for the same.
 */
function clientHeaders({ tls }: ListenerTopology, wanted: ReadonlySet<string>): Directive[] {
  const added = CLIENT_HEADERS.filter((header) => wanted.has(header));
  if (added.length === 0 && !tls?.clients) return [];
  return [
    [word('http-request'), word('del-header'), text(FOREIGN), word('-m'), word('reg')],
    ...added.map((header): Directive => [word('http-request'), word('set-header'), word(header), CLIENT_VALUES[header]]),
  ];
}

/** HAProxy holds names of headers in lower case. */
const FOREIGN = '^x[-_]ssl[-_](client[-_](verify|has[-_]cert|dn|cn|sha1|not[-_]before|not[-_]after)|issuer)$';

/** As an amphora writes them. A name in a certificate may hold anything; HAProxy writes a line end in it as `%0A`. */
const CLIENT_VALUES: Readonly<Record<(typeof CLIENT_HEADERS)[number], Argument>> = {
  'X-SSL-Client-Verify': word('%[ssl_c_verify]'),
  'X-SSL-Client-Has-Cert': word('%[ssl_c_used]'),
  'X-SSL-Client-DN': word('%[ssl_c_s_dn]'),
  'X-SSL-Client-CN': word('%[ssl_c_s_dn(cn)]'),
  'X-SSL-Issuer': word('%[ssl_c_i_dn]'),
  'X-SSL-Client-SHA1': word('%[ssl_c_sha1,hex]'),
  'X-SSL-Client-Not-Before': word('%[ssl_c_notbefore]'),
  'X-SSL-Client-Not-After': word('%[ssl_c_notafter]'),
};
