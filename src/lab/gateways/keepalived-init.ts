/** /etc/config/keepalived → keepalived.conf, as OpenWrt's init script makes it (openwrt reference §4); what balancers of ours use of it. */
import type { UciSection, UciValue } from '../../render/uci/package.ts';

/** null where it is switched off. */
export function keepalivedConf(sections: readonly UciSection[]): string | null {
  const ofType = (type: string): UciSection[] => sections.filter((section) => section.type === type);
  const named = (type: string, name: string): UciSection | undefined => ofType(type).find(({ options }) => options.get('name') === name);
  if (ofType('globals')[0]?.options.get('enabled') === '0') return null;
  const scripts = ofType('vrrp_script').map((section) =>
    block(`vrrp_script ${text(section, 'name')}`, [`script "${text(section, 'script')}"`, ...plain(section, ['interval', 'weight', 'fall', 'rise'])]),
  );
  const instances = ofType('vrrp_instance').map((section) =>
    block(`vrrp_instance ${text(section, 'name')}`, [
      ...plain(section, ['state', 'interface', 'virtual_router_id', 'version', 'priority', 'advert_int', 'preempt_delay', 'unicast_src_ip']),
      ...(text(section, 'nopreempt') === '1' ? ['nopreempt'] : []),
      // Named sections from 23.05 on; addresses before.
      ...nested(
        'unicast_peer',
        many(section, 'unicast_peer').map((peer) => text(named('peer', peer), 'address') || peer),
      ),
      ...nested(
        'virtual_ipaddress',
        many(section, 'virtual_ipaddress').map((name) => addressLine(named('ipaddress', name))),
      ),
      ...nested('track_script', many(section, 'track_script')),
    ]),
  );
  return [block('global_defs', ['router_id OpenWrt', 'script_user root']), ...scripts, ...instances].join('\n');
}

function block(head: string, lines: readonly string[]): string {
  return [`${head} {`, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
}

function nested(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}

function plain(section: UciSection, options: readonly string[]): string[] {
  return options.flatMap((option) => (text(section, option) === '' ? [] : [`${option} ${text(section, option)}`]));
}

function addressLine(section: UciSection | undefined): string {
  return [text(section, 'address'), 'dev', text(section, 'device'), 'scope', text(section, 'scope')].join(' ');
}

function many(section: UciSection, option: string): string[] {
  return [section.options.get(option) ?? []].flat();
}

function text(section: UciSection | undefined, option: string): string {
  const value: UciValue | undefined = section?.options.get(option);
  return typeof value === 'string' ? value : '';
}
