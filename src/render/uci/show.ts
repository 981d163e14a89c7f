/** UCI as people read it: `uci show`, and the difference of two packages in the same words. */
import { type UciPackage, type UciSection, type UciValue } from './package.ts';
import { quoted } from './print.ts';

/** Options whose values nobody is shown. */
const SECRET = /^(?:.*password|.*secret|auth_pass|key|.*_key|private_key|preshared_key|psk)$/;

/** Lines of `uci show`; with `masked`, secrets are stars. */
export function showUci(one: UciPackage, masked = false): string[] {
  const seen = new Map<string, number>();
  return one.sections.flatMap((section) => {
    const nth = seen.get(section.type) ?? 0;
    seen.set(section.type, nth + 1);
    return showSection(one.name, section.name ?? `@${section.type}[${nth}]`, section, masked);
  });
}

function showSection(config: string, id: string, { type, options }: UciSection, masked: boolean): string[] {
  return [
    `${config}.${id}=${type}`,
    ...[...options].map(([option, value]) => `${config}.${id}.${option}=${masked && SECRET.test(option) ? "'***'" : showValue(value)}`),
  ];
}

function showValue(value: UciValue): string {
  return typeof value === 'string' ? quoted(value) : value.map(quoted).join(' ');
}

/** What goes and what comes, in order; secrets masked. Sections are told apart by their names. */
export function differenceUci(present: UciPackage, wanted: UciPackage): string[] {
  const [before, after] = [showUci(present, true), showUci(wanted, true)];
  const [had, has] = [new Set(before), new Set(after)];
  return [...before.filter((line) => !has.has(line)).map((line) => `-${line}`), ...after.filter((line) => !had.has(line)).map((line) => `+${line}`)];
}
