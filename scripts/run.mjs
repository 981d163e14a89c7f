// What the npm scripts call: makes the host ready, then runs a part of Edgeweir under Node 24.
// Plain JavaScript without dependencies, because the Node that starts it may be a distribution's old one.
import os from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PACKAGES, hasApt, installPackages, missingPackages } from './setup/debian-packages.mjs';
import { installNpmPackages } from './setup/npm-packages.mjs';
import { runProgram } from './setup/program.mjs';
import { SetupError, say } from './setup/task.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = 18;
const TESTS = ['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.mjs', 'scripts/**/*.test.ts'];

/** What each npm script needs of the host and what it runs. */
const SCRIPTS = {
  start: { packages: PACKAGES.run, root: true, run: (node, args) => node('src/cli/main.ts', 'quickstart', ...args) },
  test: { packages: PACKAGES.test, root: true, run: test },
  check: { packages: [], root: false, run: (node, args) => node('scripts/check.ts', ...args) },
  bench: { packages: PACKAGES.bench, root: true, run: (node, args) => node('bench/main.ts', ...args) },
  generate: { packages: [], root: false, run: (node, args) => node('scripts/generate.ts', ...args) },
  format: { packages: [], root: false, run: (node, args) => node('node_modules/oxfmt/bin/oxfmt', ...args) },
};

async function main([name, ...args]) {
  const script = Object.hasOwn(SCRIPTS, name ?? '') ? SCRIPTS[name] : undefined;
  if (!script) throw new SetupError(`Usage: npm run ${Object.keys(SCRIPTS).join('|')} [-- arguments]`, 2);
  const missing = missingPackages(script.packages);
  refuseUnableHost(script, missing);
  const node = await installNpmPackages(ROOT);
  if (missing.length > 0) await installPackages(missing);
  const run = (...parameters) => runProgram(node, ['--disable-warning=ExperimentalWarning', ...parameters], { cwd: ROOT });
  return script.run(run, args);
}

/** Says everything that is missing at once, before anything is changed. */
function refuseUnableHost(script, missing) {
  const problems = [...wrongSystem(), ...wrongUser(script, missing), ...noPackageManager(missing)];
  if (problems.length > 0) throw new SetupError(`This host is not ready:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\nNothing was changed.`, 2);
}

function wrongSystem() {
  const version = process.versions.node;
  return [
    ...(process.platform === 'linux' ? [] : [`Linux is needed (network namespaces); this is ${process.platform}.`]),
    ...(Number.parseInt(version, 10) >= OLDEST_NODE
      ? []
      : [`Node ${OLDEST_NODE} or newer is needed to begin with; this is ${version}. On Debian: apt-get install nodejs npm`]),
  ];
}

function wrongUser(script, missing) {
  if (!script.root || process.getuid?.() === 0) return [];
  const packages =
    missing.length > 0 ? ` Also missing: the packages ${missing.join(', ')} (sudo apt-get install --no-install-recommends ${missing.join(' ')}).` : '';
  return [`Root is needed, to make network namespaces. Run it with sudo, or in a root shell.${packages}`];
}

function noPackageManager(missing) {
  if (missing.length === 0 || hasApt()) return [];
  return [
    `These programs are missing and there is no apt-get to install them: ${missing.join(', ')} (Debian's package names). Install them with your system's package manager.`,
  ];
}

/** Everything without arguments; with arguments only the tests that they name. */
async function test(node, args) {
  const named = args.some((argument) => !argument.startsWith('-'));
  const checked = named ? 0 : await node('scripts/check.ts');
  if (checked >= 128) return checked;
  if (checked !== 0) say('» The checks failed, see above; running the tests all the same.');
  const files = named ? [] : TESTS;
  const tested = await node(
    '--import=./scripts/setup/fuzz-seed.ts',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency()}`,
    ...args,
    ...files,
  );
  if (checked !== 0) say('✖ npm run check failed: see the top of this output.');
  return tested === 0 ? checked : tested;
}

/** The tests start daemons of their own: leave them room, but use a second processor where there is one. */
function concurrency() {
  // A default import: Node 18.0 has no availableParallelism yet, and a missing named export would be a syntax error.
  const processors = os.availableParallelism?.() ?? os.cpus().length;
  return Math.max(2, processors - 1);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
