/**
 * Octavia serves the same objects under several paths: /v2 and /v2.0, with and without /lbaas, with a .json suffix and
 * trailing slashes (octavia-api reference §1.1). One canonical form reaches the router.
 */
const VERSIONED = /^\/v2(?:\.0)?(?<rest>\/.*)?$/;

/** `path`: below the face's prefix, without the query string. */
export function canonicalPath(path: string): string {
  const match = VERSIONED.exec(path);
  if (!match) return path;
  const rest = (match.groups?.['rest'] ?? '').replace(/\/+$/, '').replace(/\.json$/, '');
  if (rest === '' || rest === '/lbaas') return '/v2.0';
  if (rest.startsWith('/octavia/')) return `/v2.0${rest}`;
  return `/v2.0/lbaas${rest.replace(/^\/lbaas(?=\/)/, '')}`;
}
