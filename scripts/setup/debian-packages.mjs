// The Debian packages: which are needed for what, which are missing, and their installation.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { SetupError, runTask } from './task.mjs';

/** A package, and the command it brings, by which it is also found on a system without dpkg. */
const RUN = [
  { name: 'haproxy', command: 'haproxy' },
  { name: 'keepalived', command: 'keepalived' },
  { name: 'nftables', command: 'nft' },
  { name: 'conntrack', command: 'conntrack' },
  { name: 'iproute2', command: 'ip' },
  { name: 'util-linux', command: 'nsenter' },
  { name: 'procps', command: 'sysctl' },
  { name: 'curl', command: 'curl' },
  { name: 'iputils-ping', command: 'ping' },
];
/** The end-to-end tests drive the server with OpenStack's own clients and API tests; oslo.config is the oracle of the INI reader. */
const TEST = [
  ...RUN,
  { name: 'python3-openstackclient' },
  { name: 'python3-octaviaclient' },
  { name: 'python3-openstacksdk' },
  { name: 'python3-barbicanclient' },
  { name: 'octavia-tempest-plugin' },
  { name: 'python3-stestr' },
  { name: 'python3-oslo.config' },
  { name: 'busybox', command: 'busybox' },
  { name: 'openssl', command: 'openssl' },
  { name: 'conntrackd', command: 'conntrackd' },
];

/** Clients and web servers that cost less than what is measured with them, and taskset to keep them apart (util-linux, in RUN). */
const BENCH = [
  ...RUN,
  { name: 'busybox', command: 'busybox' },
  { name: 'openssl', command: 'openssl' },
  { name: 'wrk', command: 'wrk' },
  { name: 'nginx', command: 'nginx' },
  { name: 'iperf3', command: 'iperf3' },
];

export const PACKAGES = { run: RUN, test: TEST, bench: BENCH };

/** Names of the packages that are not there. */
export function missingPackages(packages) {
  const installed = installedPackages(packages.map((wanted) => wanted.name));
  return packages.filter((wanted) => !installed.has(wanted.name) && !(wanted.command && isCommand(wanted.command))).map((wanted) => wanted.name);
}

function installedPackages(names) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status} ${binary:Package}\n', ...names], { encoding: 'utf8' });
  return parsePackages(query.stdout ?? '');
}

/** Reads lines `status name[:architecture]`; only `installed` counts (a removed package may be `config-files`). */
export function parsePackages(text) {
  const lines = text.split('\n').map((line) => line.split(' '));
  return new Set(lines.filter(([status]) => status === 'installed').map(([, name]) => name.split(':')[0]));
}

/** Administrators' commands are often not on a user's PATH. */
function isCommand(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function hasApt() {
  return isCommand('apt-get');
}

/** Installs the packages; refreshes apt's lists only when they are empty or turn out to be too old. */
export async function installPackages(names) {
  if (!names.every(isKnownToApt)) await apt('Refreshing the list of Debian packages', ['update']);
  const install = () => apt(`Installing Debian packages ${names.join(', ')}`, ['install', '--yes', '--no-install-recommends', ...names]);
  try {
    await install();
  } catch (error) {
    if (!(error instanceof SetupError) || error.exitCode === 130) throw error;
    await apt('Refreshing the list of Debian packages', ['update']);
    await install();
  }
}

function isKnownToApt(name) {
  const policy = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  return /^ {2}Candidate: (?!\(none\))/m.test(policy.stdout ?? '');
}

function apt(title, args) {
  // Another apt may run, such as the nightly one: wait for it.
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-q'];
  return runTask(title, 'apt-get', [...options, ...args], { env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }, untouchable: true });
}
