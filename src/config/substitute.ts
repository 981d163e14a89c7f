/**
 * `$name`, `${name}` and `${group.name}` in a value stand for the text of another option; `$$` and `\$` are a dollar sign.
 * A dollar sign before anything else stands for itself. Source: oslo.config, "Option Value Interpolation".
 */
const REFERENCE = /\\\$|\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi;
const DEEPEST = 10;

/** `lookup` gives the raw text of an option, or undefined when there is none of that name. Throws an Error. */
export function substitute(text: string, lookup: (name: string) => string | undefined, depth = 0): string {
  if (depth > DEEPEST) throw new Error('The options refer to each other in a circle');
  return text.replace(REFERENCE, (match: string, dollar?: string, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    if (dollar !== undefined || name === undefined) return '$';
    const found = lookup(name);
    if (found === undefined) throw new Error(`${match} refers to no option; write $$ for a dollar sign`);
    return substitute(found, lookup, depth + 1);
  });
}
