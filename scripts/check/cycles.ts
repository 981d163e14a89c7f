/** Circles of imports that are still there at run time, where the order of loading would decide what is defined. */
import { posix } from 'node:path';
import type { Module } from './module.ts';

/** Each circle once, as the paths along it with the first repeated at the end. */
export function findCycles(modules: readonly Module[]): string[][] {
  const graph = new Map(modules.map((module) => [module.path, targets(module)]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const seen = trail.indexOf(path);
    if (seen >= 0) cycles.push([...trail.slice(seen), path]);
    if (seen >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return cycles;
}

function targets({ path, imports }: Module): string[] {
  const local = imports.filter((one) => !one.typeOnly && one.specifier.startsWith('.'));
  return [...new Set(local.map((one) => posix.join(posix.dirname(path), one.specifier)))];
}
