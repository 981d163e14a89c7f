/** TLS of a listener's or a pool's row → that of the topology. Pure: what the references mean is given. */
import type { Listener } from '../model/listener.ts';
import type { Pool } from '../model/pool.ts';
import type { ClientCertificates, ListenerTls, PoolTls, TlsOptions } from '../model/topology.ts';
import { type Materials, certificateRefs } from './tls-references.ts';

/** undefined for a listener without a certificate or switched off. Throws a MaterialError for what is not known. */
export function listenerTls(listener: Listener, materials: Materials): ListenerTls | undefined {
  const refs = certificateRefs(listener);
  if (refs.length === 0 || !listener.admin_state_up) return undefined;
  const { hsts_max_age: maxAge, hsts_include_subdomains: includeSubdomains, hsts_preload: preload } = listener;
  return {
    ...optionsOf(listener),
    certificates: refs.map((ref) => materials.certificate(ref)),
    clients: clientsOf(listener, materials),
    hsts: maxAge === null ? null : { maxAge, includeSubdomains, preload },
  };
}

function clientsOf(listener: Listener, materials: Materials): ClientCertificates | null {
  const { client_authentication: authentication, client_ca_tls_container_ref: ca, client_crl_container_ref: crl } = listener;
  return authentication === 'NONE' || ca === null ? null : { authentication, authority: materials.authority(ca, crl) };
}

/** undefined where TLS is switched off, whatever else is said of it, and for a pool that is. */
export function poolTls(pool: Pool, materials: Materials): PoolTls | undefined {
  const { tls_enabled: enabled, tls_container_ref: own, ca_tls_container_ref: ca, crl_container_ref: crl } = pool;
  if (!enabled || !pool.admin_state_up) return undefined;
  return {
    ...optionsOf(pool),
    certificate: own === null ? null : materials.certificate(own),
    authority: ca === null ? null : materials.authority(ca, crl),
  };
}

function optionsOf({ tls_ciphers, tls_versions, alpn_protocols }: Pick<Listener, 'tls_ciphers' | 'tls_versions' | 'alpn_protocols'>): TlsOptions {
  return { ciphers: tls_ciphers === '' ? null : tls_ciphers, versions: tls_versions, alpn: alpn_protocols };
}
