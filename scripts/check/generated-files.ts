import { staleFiles } from '../generate/files.ts';

/** Generated files that were not generated anew after their declarations changed. */
export function checkGenerated(): string[] {
  return staleFiles().map((path) => `${path} is not what its declarations say: npm run generate`);
}
