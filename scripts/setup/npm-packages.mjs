// The npm packages, Node 24 among them: installed exactly as the lockfile says, and only when they are not yet.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupError, runTask } from './task.mjs';

const STAMP = 'node_modules/.edgeweir-lock';
const WANTED_NODE = 24;

/** Path of the Node that runs Edgeweir: the one from the lockfile, or this very one when it is new enough. */
export function findNode(root, { version = process.versions.node, arch = process.arch, execPath = process.execPath } = {}) {
  const bundled = join(root, 'node_modules', `node-linux-${arch}`, 'bin', 'node');
  if (existsSync(bundled)) return bundled;
  return Number.parseInt(version, 10) >= WANTED_NODE ? execPath : null;
}

export async function installNpmPackages(root) {
  if (!isInstalled(root)) {
    await install(root);
    writeFileSync(join(root, STAMP), lockDigest(root));
  }
  const node = findNode(root);
  if (node) return node;
  throw new SetupError(
    `No Node ${WANTED_NODE} for ${process.platform}-${process.arch} came with the npm packages. Install Node ${WANTED_NODE} (https://nodejs.org) and run this with it.`,
    2,
  );
}

async function install(root) {
  try {
    await npm(root, 'Installing npm packages from package-lock.json', 'ci');
  } catch (error) {
    if (!(error instanceof SetupError) || !error.message.includes('EUSAGE')) throw error;
    // npm 11 refuses a lockfile without the optional packages for other platforms when the registry lacks them.
    await npm(root, 'Installing npm packages, without those for other platforms', 'install', '--no-save');
    if (!matchesRecord(root)) throw error;
  }
}

function npm(root, title, ...args) {
  const [command, ...prefix] = npmCommand();
  return runTask(title, command, [...prefix, ...args, '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
}

/** npm tells its scripts where it is itself; that is the npm the user chose. */
function npmCommand() {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? [process.execPath, path] : ['npm'];
}

/** True when node_modules is what the lockfile says. An interrupted installation has neither stamp nor npm's own record. */
export function isInstalled(root) {
  const digest = lockDigest(root);
  if (read(join(root, STAMP)) === digest) return true;
  if (!matchesRecord(root)) return false;
  writeFileSync(join(root, STAMP), digest);
  return true;
}

/** Somebody ran `npm ci` by hand: npm's record of what it installed tells. */
function matchesRecord(root) {
  const record = read(join(root, 'node_modules/.package-lock.json'));
  if (!record) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return recordMatches(wanted, JSON.parse(record).packages, process);
}

/** Compares the packages of the lockfile with npm's record; what is optional and for other machines may be absent. */
export function recordMatches(wanted, installed, { platform, arch }) {
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    // One C library or the other is there, and only npm knows which.
    if (!found) return entry.optional === true && (entry.libc !== undefined || !fits(entry.os, platform, entry.cpu, arch));
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function fits(systems, platform, processors, arch) {
  const allows = (list, value) => list === undefined || [list].flat().includes(value);
  return allows(systems, platform) && allows(processors, arch);
}

function lockDigest(root) {
  const lock = read(join(root, 'package-lock.json'));
  if (lock === null) throw new SetupError(`${join(root, 'package-lock.json')} is missing: this is not a whole checkout.`, 2);
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}
