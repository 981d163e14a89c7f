/** package.json and its lock: the same versions for everybody, from the public registry, whole. */

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, Entry>>;
}

interface Entry {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly version?: string;
  readonly optional?: boolean;
  /** One name or several; absent is all. */
  readonly os?: string | readonly string[];
  readonly cpu?: string | readonly string[];
  readonly libc?: readonly string[];
}

/** Where Edgeweir runs. Bindings for anything else stand in the lock because npm wants it complete; they are never fetched. */
const SUPPORTED = { os: 'linux', cpu: ['x64', 'arm64'], libc: 'glibc' };

const EXACT = /^(npm:[^@]+@)?\d+\.\d+\.\d+$/;
const REGISTRY = 'https://registry.npmjs.org/';

export function checkManifest(manifest: Manifest, lock: Lock): string[] {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies });
  return [
    ...wanted.flatMap(([name, version]) => versionProblems(name, version, lock)),
    ...Object.entries(lock.packages).flatMap(([path, entry]) => (path === '' ? [] : lockProblems(path, entry))),
  ];
}

function versionProblems(name: string, version: string, lock: Lock): string[] {
  if (!EXACT.test(version)) return [`package.json: ${name} ${version} is not an exact version`];
  const locked = lock.packages[`node_modules/${name}`]?.version;
  return locked === version.split('@').at(-1) ? [] : [`package-lock.json: ${name} is ${locked ?? 'missing'}, package.json says ${version}: npm install`];
}

function isForeign({ optional, os, cpu, libc }: Entry): boolean {
  const fits = [
    os === undefined || [os].flat().includes(SUPPORTED.os),
    cpu === undefined || [cpu].flat().some((name) => SUPPORTED.cpu.includes(name)),
    libc === undefined || libc.includes(SUPPORTED.libc),
  ];
  return optional === true && fits.includes(false);
}

function lockProblems(path: string, entry: Entry): string[] {
  const { resolved, integrity } = entry;
  return [
    ...(resolved === undefined || resolved.startsWith(REGISTRY) ? [] : [`package-lock.json: ${path} is not from ${REGISTRY}`]),
    ...(integrity === undefined && !isForeign(entry) ? [`package-lock.json: ${path} has no integrity`] : []),
  ];
}
