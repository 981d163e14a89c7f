/**
 * What makes an OpenWrt device a gateway: a shell script for its console, or for /etc/uci-defaults of an image. It adds a user, its
 * rights, the guard and an empty package, and touches nothing else; run a second time it gives the user another password.
 */
import { readFileSync } from 'node:fs';
import { ALIVE } from '../../render/gateway/pair.ts';
import { DIRECTORY } from '../../render/gateway/names.ts';
import { GUARD } from './apply.ts';
import { GROUP, rightsFile } from './rights.ts';
import { BALANCER, STATUS } from './status.ts';

const EDGE = new URL('../../../edge/', import.meta.url);
/** No line of what stands between is this one. */
const END = 'EDGEWEIR-END-OF-FILE';

export interface Adoption {
  /** Of letters, digits, dashes and underscores: it stands in a script. */
  readonly username: string;
}

const USER = /^[A-Za-z0-9_-]{1,32}$/;

/** Throws a RangeError for a user's name that would be more than a name. */
export function adoptionScript({ username }: Adoption): string {
  if (!USER.test(username)) throw new RangeError(`not a name of a user: ${JSON.stringify(username)}`);
  return [
    '#!/bin/sh',
    '# Makes this device a gateway of Edgeweir: a user of rpcd with the least rights that work, and a guard that takes changes back',
    '# which nobody confirms. Taken away again by: edgeweir-guard disarm; uci delete rpcd.edgeweir; uci commit rpcd; and removing the files.',
    'set -eu',
    'for program in /sbin/rpcd /usr/sbin/uhttpd; do',
    '  [ -x "$program" ] || { echo "$program is not installed (packages: rpcd rpcd-mod-file uhttpd uhttpd-mod-ubus)" >&2; exit 1; }',
    'done',
    `mkdir -p /usr/share/rpcd/acl.d /usr/libexec ${DIRECTORY}/tls ${DIRECTORY}/lua`,
    ...fileLines('/usr/share/rpcd/acl.d/edgeweir.json', rightsFile(), '0644'),
    ...fileLines(GUARD, edgeFile('edgeweir-guard'), '0755'),
    ...fileLines(STATUS, edgeFile('edgeweir-status'), '0755'),
    ...fileLines(BALANCER, edgeFile('edgeweir-balance'), '0755'),
    ...fileLines(ALIVE, edgeFile('edgeweir-alive'), '0755'),
    ...fileLines('/etc/init.d/edgeweir', edgeFile('edgeweir.init'), '0755'),
    ...fileLines('/etc/init.d/edgeweir-guard', edgeFile('edgeweir-guard.init'), '0755'),
    '/etc/init.d/edgeweir-guard enable',
    '/etc/init.d/edgeweir enable',
    '[ -f /etc/config/edgeweir ] || : > /etc/config/edgeweir',
    // Files of ours outlive an upgrade of the firmware.
    `for path in /usr/share/rpcd/acl.d/edgeweir.json ${GUARD} ${STATUS} ${BALANCER} ${ALIVE} /etc/init.d/edgeweir /etc/init.d/edgeweir-guard /etc/edgeweir; do`,
    '  grep -qxF "$path" /etc/sysupgrade.conf 2>/dev/null || echo "$path" >> /etc/sysupgrade.conf',
    'done',
    // With nothing configured it does nothing; pairs of gateways need it.
    'if [ -x /usr/sbin/keepalived ] && ! uci -q show keepalived | grep -q =vrrp_instance; then',
    '  uci set keepalived.globals=globals; uci set keepalived.globals.enabled=1; uci commit keepalived',
    'fi',
    'PASSWORD="$(head -c 18 /dev/urandom | hexdump -v -e \'/1 "%02x"\')"',
    'uci -q delete rpcd.edgeweir || true',
    'uci set rpcd.edgeweir=login',
    `uci set rpcd.edgeweir.username='${username}'`,
    'uci set rpcd.edgeweir.password="$(uhttpd -m "$PASSWORD")"',
    `uci add_list rpcd.edgeweir.read='${GROUP}'`,
    `uci add_list rpcd.edgeweir.write='${GROUP}'`,
    'uci commit rpcd',
    '/etc/init.d/rpcd restart',
    `echo "user ${username}"`,
    'echo "password $PASSWORD"',
    '',
  ].join('\n');
}

function edgeFile(name: string): string {
  return readFileSync(new URL(name, EDGE), 'utf8');
}

/** A document in the shell's own words: quoted, so that nothing in it is expanded. */
function fileLines(path: string, content: string, mode: string): string[] {
  if (content.split('\n').includes(END)) throw new RangeError(`a file for ${path} has a line that ends it`);
  return [`cat > ${path} <<'${END}'`, content.replace(/\n$/, ''), END, `chmod ${mode} ${path}`];
}
