/** What an operator allows beyond what the types allow: Octavia's switches of [api_settings] and [networking]. */
import type { Config } from '../../config/options.ts';
import { fault } from '../../model/fault.ts';
import { type ALPN_PROTOCOLS, TLS_VERSIONS } from '../../model/listener.ts';

export interface Limits {
  readonly allowTlsTerminatedListeners: boolean;
  readonly allowPingHealthMonitors: boolean;
  readonly allowPrometheusListeners: boolean;
  /** Seconds. */
  readonly udpConnectMinInterval: number;
  /** Ciphers that nobody may name. */
  readonly tlsCipherProhibitList: readonly string[];
  /** Empty: none. */
  readonly minimumTlsVersion: string;
  /** What TERMINATED_HTTPS listeners get whose creators are silent. */
  readonly listenerTls: TlsDefaults;
  /** The same for pools with TLS towards their members. */
  readonly poolTls: TlsDefaults;
  readonly allowVipPortId: boolean;
  readonly allowVipNetworkId: boolean;
  readonly allowVipSubnetId: boolean;
  /** Networks that VIPs may be on; empty: all. */
  readonly validVipNetworks: readonly string[];
  readonly denyVipNetworks: readonly string[];
  /** Addresses that are nobody's VIP or member. */
  readonly reservedIps: readonly string[];
}

export interface TlsDefaults {
  readonly tls_ciphers: string;
  readonly tls_versions: readonly (typeof TLS_VERSIONS)[number][];
  readonly alpn_protocols: readonly (typeof ALPN_PROTOCOLS)[number][];
}

interface TlsOptions {
  readonly tls_ciphers: string | null;
  readonly tls_versions: readonly string[] | null;
  readonly alpn_protocols: readonly string[] | null;
}

/** TLS attributes have defaults where TLS is spoken, and none elsewhere. */
export function tlsFilled<R extends TlsOptions>(row: R, defaults: TlsDefaults, spoken: boolean): R {
  if (!spoken) return row;
  return {
    ...row,
    tls_ciphers: row.tls_ciphers ?? defaults.tls_ciphers,
    tls_versions: row.tls_versions ?? [...defaults.tls_versions],
    alpn_protocols: row.alpn_protocols ?? [...defaults.alpn_protocols],
  };
}

/** The limits as configured. */
export function limitsOf({ api_settings: api, networking }: Pick<Config, 'api_settings' | 'networking'>): Limits {
  return {
    allowTlsTerminatedListeners: api.allow_tls_terminated_listeners,
    allowPingHealthMonitors: api.allow_ping_health_monitors,
    allowPrometheusListeners: api.allow_prometheus_listeners,
    udpConnectMinInterval: api.udp_connect_min_interval_health_monitor,
    tlsCipherProhibitList: api.tls_cipher_prohibit_list,
    minimumTlsVersion: api.minimum_tls_version,
    listenerTls: {
      tls_ciphers: api.default_listener_ciphers,
      tls_versions: api.default_listener_tls_versions,
      alpn_protocols: api.default_listener_alpn_protocols,
    },
    poolTls: { tls_ciphers: api.default_pool_ciphers, tls_versions: api.default_pool_tls_versions, alpn_protocols: api.default_pool_alpn_protocols },
    allowVipPortId: networking.allow_vip_port_id,
    allowVipNetworkId: networking.allow_vip_network_id,
    allowVipSubnetId: networking.allow_vip_subnet_id,
    validVipNetworks: networking.valid_vip_networks,
    denyVipNetworks: networking.denylist_vip_networks,
    reservedIps: networking.reserved_ips,
  };
}

/** Throws 400 for ciphers, versions and protocols that are refused here, in Octavia's words. */
export function checkTlsOptions({ tls_ciphers, tls_versions, alpn_protocols }: TlsOptions, limits: Limits): void {
  checkCiphers(tls_ciphers, limits.tlsCipherProhibitList);
  if (tls_versions !== null) checkVersions(tls_versions, limits.minimumTlsVersion);
  if (alpn_protocols?.length === 0)
    throw fault.validation('Empty ALPN protocol list. Either specify at least one ALPN protocol or remove this parameter to use the default.');
}

function checkCiphers(ciphers: string | null, prohibited: readonly string[]): void {
  const rejected = (ciphers ?? '').split(':').filter((cipher) => prohibited.includes(cipher));
  if (rejected.length > 0) throw fault.validation(`The following ciphers have been prohibited by an administrator: ${rejected.join(', ')}`);
}

function checkVersions(versions: readonly string[], minimum: string): void {
  if (versions.length === 0)
    throw fault.validation('Empty TLS version list. Either specify at least one TLS version or remove this parameter to use the default.');
  const order: readonly string[] = TLS_VERSIONS;
  const tooOld = versions.filter((version) => order.indexOf(version) < order.indexOf(minimum));
  if (tooOld.length > 0) throw fault.validation(`Requested TLS versions are less than the minimum: ${tooOld.join(', ')} < ${minimum}`);
}
