/** TLS towards clients and towards members → words of bind and server lines, and the files that they name. */
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import type { AuthorityFiles, ListenerTls, PoolTls, TlsOptions } from '../../model/topology.ts';
import { type Argument, ciphers, protocols, text, word } from './argument.ts';
import { CompileError } from './compile-error.ts';
import type { Directive } from './directive.ts';
import type { Mode } from './mode.ts';
import { CARRIED_VERSIONS, ciphersIn, unsupportedTls } from './tls-support.ts';

const VERSIONS = { 'TLSv1.2': word('TLSv1.2'), 'TLSv1.3': word('TLSv1.3') } as const;

/** Words of the bind line. Without a certificate for the name asked for, the list's first is shown. */
export function bindTls(tls: ListenerTls): Argument[] {
  const { clients } = tls;
  return [word('ssl'), word('crt-list'), text(listFile(tls).path), ...(clients ? clientWords(clients) : []), ...options(tls), ...alpn(tls)];
}

function clientWords({ authentication, authority }: NonNullable<ListenerTls['clients']>): Argument[] {
  return [...authorityWords(authority), word('verify'), authentication === 'MANDATORY' ? word('required') : word('optional')];
}

/**
 * Words of each server line. The name that the client asked for is asked of the member too, as in Octavia; where members are
 * vouched for, their certificate must then be for it.
 *
 * Where bytes are only moved, which of several protocols the client speaks is not known: only a single one is announced.
 */
export function serverTls(tls: PoolTls, mode: Mode): Argument[] {
  const { certificate, authority } = tls;
  return [
    word('ssl'),
    ...(certificate ? [word('crt'), text(certificateFile(certificate).path)] : []),
    ...(authority ? [...authorityWords(authority), word('verify'), word('required')] : [word('verify'), word('none')]),
    word('sni'),
    word('ssl_fc_sni'),
    ...options(tls),
    ...(mode === 'http' || tls.alpn?.length === 1 ? alpn(tls) : []),
  ];
}

/**
 * HAProxy 2.6 takes a server at runtime only if the files it names are loaded; those of a backend that started without
 * servers are not. Of a certificate this does not hold: members of such pools come with a reload (see backend.ts).
 */
export function loadedForServers({ authority }: PoolTls): Directive[] {
  return authority ? [[word('default-server'), ...authorityWords(authority)]] : [];
}

/** What unsupported options there are is asked first, so that nothing is written that says less than it should. */
function options(tls: TlsOptions): Argument[] {
  const unsupported = unsupportedTls(tls);
  if (unsupported !== null) throw new CompileError(`${unsupported} is not carried`);
  const { suites, older } = ciphersIn(tls.ciphers);
  return [
    ...(older === null ? [] : [word('ciphers'), ciphers(older)]),
    ...(suites === null ? [] : [word('ciphersuites'), ciphers(suites)]),
    ...versionWords(tls.versions ?? CARRIED_VERSIONS),
  ];
}

function versionWords(versions: NonNullable<TlsOptions['versions']>): Argument[] {
  const asked = CARRIED_VERSIONS.filter((version) => versions.includes(version));
  const [oldest, newest] = [asked[0], asked.at(-1)];
  if (oldest === undefined || newest === undefined) throw new CompileError('TLS without a version is not carried');
  return [word('ssl-min-ver'), VERSIONS[oldest], word('ssl-max-ver'), VERSIONS[newest]];
}

function alpn({ alpn: asked }: TlsOptions): Argument[] {
  return asked === null || asked.length === 0 ? [] : [word('alpn'), protocols(asked)];
}

function authorityWords({ certificates, revocations }: AuthorityFiles): Argument[] {
  return [word('ca-file'), text(certificateFile(certificates).path), ...(revocations ? [word('crl-file'), text(certificateFile(revocations).path)] : [])];
}

export function listenerFiles(tls: ListenerTls): ProxyFile[] {
  return [...tls.certificates.map(certificateFile), listFile(tls), ...(tls.clients ? authorityFiles(tls.clients.authority) : [])];
}

export function poolFiles({ certificate, authority }: PoolTls): ProxyFile[] {
  return [...(certificate ? [certificateFile(certificate)] : []), ...(authority ? authorityFiles(authority) : [])];
}

function authorityFiles({ certificates, revocations }: AuthorityFiles): ProxyFile[] {
  return [certificates, ...(revocations ? [revocations] : [])].map(certificateFile);
}

function certificateFile(content: Sealed): ProxyFile {
  return { path: `tls/${content.digest}.pem`, content };
}

/** A list in a file: a line of haproxy.cfg holds fewer certificates than a listener may have. */
function listFile({ certificates }: ListenerTls): ProxyFile {
  const paths = new Set(certificates.map((certificate) => certificateFile(certificate).path));
  if (paths.size === 0) throw new CompileError('TLS without a certificate is not carried');
  const content = new Sealed([...paths, ''].join('\n'));
  return { path: `tls/${content.digest}.list`, content };
}

/** Of every answer, also of those that HAProxy gives itself (RFC 6797 §7.1). */
export function strictTransport({ hsts }: ListenerTls): Directive[] {
  if (hsts === null) return [];
  if (!Number.isSafeInteger(hsts.maxAge) || hsts.maxAge < 0) throw new CompileError('HSTS without a valid age is not carried');
  const value = [`max-age=${hsts.maxAge}`, ...(hsts.includeSubdomains ? ['includeSubDomains'] : []), ...(hsts.preload ? ['preload'] : [])].join('; ');
  return [[word('http-after-response'), word('set-header'), word('Strict-Transport-Security'), text(value)]];
}
