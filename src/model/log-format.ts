/**
 * `[haproxy_amphora] user_log_format`: HAProxy's log-format language as far as a line of a flow can be written in it
 * (HAProxy 2.6 configuration manual §8.2.4), with Octavia's two words in braces (its guide "Amphora log offloading").
 */

/** What a line may say, by the name it has in the language. */
export const LOG_VARIABLES = [
  'project_id',
  'lb_id',
  'f',
  'b',
  's',
  'ci',
  'cp',
  'fi',
  'fp',
  'si',
  'sp',
  't',
  'Ts',
  'ms',
  'r',
  'ST',
  'B',
  'U',
  'Th',
  'Ti',
  'TR',
  'Tw',
  'Tc',
  'Tr',
  'Ta',
  'Tt',
  'tsc',
  'rc',
  'pid',
  'sslv',
  'sslc',
  '[ssl_c_verify]',
  '[ssl_c_s_dn]',
  '[ssl_c_i_dn]',
  '[ssl_fc_sni]',
] as const;

export type LogVariable = (typeof LOG_VARIABLES)[number];

export type LogPiece =
  | { readonly kind: 'text'; readonly text: string }
  /** `quoted`: between double quotes, which are there even when there is nothing to say. */
  | { readonly kind: 'variable'; readonly variable: LogVariable; readonly quoted: boolean };

/** `{{ lb_id }}` as the guide writes it, `{lb_id}` as Octavia itself does; `%%`; `%{+Q}[ssl_c_s_dn]`; `%ci`. */
const TOKEN =
  /\{\{ ?(?<wide>project_id|lb_id) ?\}\}|\{(?<narrow>project_id|lb_id)\}|(?<percent>%%)|%(?:\{(?<flags>[^}]*)\})?(?<variable>\[[^\]]*\]|[A-Za-z]+)|(?<stray>%)/g;

const FLAGS: Readonly<Record<string, boolean>> = { '+Q': true, '-Q': false };

/** Throws an Error with the reason alone. */
export function parseLogFormat(format: string): LogPiece[] {
  const pieces: LogPiece[] = [];
  let end = 0;
  for (const match of format.matchAll(TOKEN)) {
    if (match.index > end) pieces.push({ kind: 'text', text: format.slice(end, match.index) });
    pieces.push(pieceOf(match[0], match.groups ?? {}));
    end = match.index + match[0].length;
  }
  return end < format.length ? [...pieces, { kind: 'text', text: format.slice(end) }] : pieces;
}

function pieceOf(token: string, groups: Readonly<Record<string, string | undefined>>): LogPiece {
  const { wide, narrow, percent, flags, variable, stray } = groups;
  if (percent !== undefined) return { kind: 'text', text: '%' };
  if (stray !== undefined) throw new Error("a '%' that names nothing; a percent sign is written %%");
  const asked = wide ?? narrow ?? variable;
  const found = LOG_VARIABLES.find((name) => name === asked);
  if (found === undefined) throw new Error(`'${token}' is not known; known are ${KNOWN}`);
  const quoted = flags === undefined ? false : FLAGS[flags];
  if (quoted === undefined) throw new Error(`the flags of '${token}' are not known; known is {+Q}`);
  return { kind: 'variable', variable: found, quoted };
}

const KNOWN = LOG_VARIABLES.map((name) => (name === 'project_id' || name === 'lb_id' ? `{{ ${name} }}` : `%${name}`)).join(' ');
