/** A value as an error message may show it: short, and without characters that could confuse a terminal or a log. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  const ascii = json.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return ascii.length > 80 ? `${ascii.slice(0, 80)}…` : ascii;
}
