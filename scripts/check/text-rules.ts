/** Rules about the text of files: what must not stand in this repository, whoever wrote it. */

interface Rule {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Which files it is about. */
  readonly files: RegExp;
}

const ANY = /./;
const CODE = /\.(ts|mjs)$/;
const MAX_LINES = 400;

const RULES: readonly Rule[] = [
  { pattern: /\bshell['"]?:\s*(true\b|['"`])/, reason: 'starts a shell: pass an array of arguments', files: CODE },
  { pattern: /\b(TO[D]O|FIX[M]E|X{3})\b/, reason: 'is a promise, not code: do it or open an issue', files: CODE },
  { pattern: /@ts-(ignore|nocheck|expect-error)\b/, reason: 'silences the type check', files: CODE },
  { pattern: /(ox|es)lint-disable(?!.*--\s*\S)/, reason: 'silences the lint without a reason (-- reason)', files: CODE },
  { pattern: /(^|[\s'"`(=])\/(work|home|Users)\/\w/, reason: 'names a directory of one machine', files: ANY },
  { pattern: /\t/, reason: 'has a tab; use spaces, or \\t in a string', files: CODE },
];

/** What breaks a rule, as `file:line: reason`. */
export function checkText(path: string, text: string): string[] {
  const lines = text.split('\n');
  const rules = RULES.filter(({ files }) => files.test(path));
  const found = lines.flatMap((line, index) => rules.filter(({ pattern }) => pattern.test(line)).map(({ reason }) => `${path}:${index + 1}: ${reason}`));
  const long = CODE.test(path) && lines.length - 1 > MAX_LINES ? [`${path}: has ${lines.length - 1} lines; split what is in it (at most ${MAX_LINES})`] : [];
  return [...found, ...long];
}
