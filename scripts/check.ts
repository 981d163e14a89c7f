/**
 * `npm run check`: types, lint, format, and the rules of this repository that no tool knows. Runs everything, shows
 * every failure, exits 1 if there was one. With names as arguments only those run: `npm run check -- floors format`.
 */
import { join } from 'node:path';
import { checkFloors, readFloors } from './check/floors.ts';
import { checkGenerated } from './check/generated-files.ts';
import { checkManifest } from './check/manifest.ts';
import { moduleOf } from './check/module.ts';
import { runTool } from './check/tool.ts';
import { checkText } from './check/text-rules.ts';
import { listFiles, readText } from './repository.ts';

/** Resolves to what is wrong, one text for each finding; empty is good. */
type Check = () => Promise<string[]> | string[];

const CODE = ['src', 'test', 'bench', 'scripts'];
const bin = (path: string): string => join('node_modules', path);

const CHECKS: Readonly<Record<string, Check>> = {
  types: () => runTool([bin('tsc7/bin/tsc'), '-p', '.']),
  lint: () => runTool([bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings', '--format=unix']),
  format: () => runTool([bin('oxfmt/bin/oxfmt'), '--list-different'], 'is not formatted: npm run format'),
  floors: () => {
    const modules = listFiles(CODE, /\.(ts|mjs)$/).map((path) => moduleOf(path, readText(path)));
    return checkFloors(modules, readFloors(readText('ARCHITECTURE.md')), Object.keys(manifest().dependencies ?? {}));
  },
  text: () => listFiles([...CODE, 'docs', '.'], /\.(ts|mjs|md)$|^weir$/).flatMap((path) => checkText(path, readText(path))),
  generated: () => checkGenerated(),
  manifest: () => checkManifest(manifest(), JSON.parse(readText('package-lock.json'))),
};

function manifest(): { dependencies?: Record<string, string> } {
  return JSON.parse(readText('package.json')) as { dependencies?: Record<string, string> };
}

async function run(name: string, check: Check): Promise<boolean> {
  const started = performance.now();
  const problems = await attempt(check);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${problems.length === 0 ? '✔' : '✖'} ${name.padEnd(10)} ${seconds.padStart(5)} s${problems.length > 0 ? `  ${problems.length} found` : ''}\n`,
  );
  for (const problem of problems) process.stdout.write(`  ${problem.replaceAll('\n', '\n  ')}\n`);
  return problems.length === 0;
}

/** A check that cannot run is a failure like another: the others still run. */
async function attempt(check: Check): Promise<string[]> {
  try {
    return await check();
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(CHECKS, name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no check named ${unknown.join(', ')}. There are: ${Object.keys(CHECKS).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const wanted = Object.entries(CHECKS).filter(([name]) => names.length === 0 || names.includes(name));
  const passed: boolean[] = [];
  for (const [name, check] of wanted) passed.push(await run(name, check));
  if (passed.includes(false)) process.exitCode = 1;
}

await main(process.argv.slice(2));
