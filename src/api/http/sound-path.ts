/**
 * A path the router cannot take apart (a percent sign that encodes nothing, bytes that are no UTF-8, an endless segment)
 * names nothing. The router would answer it itself, in a shape that is no face's; so it is led to a path of the same face
 * that is not there.
 */

/** Characters of one segment, decoded. No id, name or key that a path may hold is longer. */
export const SEGMENT_AT_MOST = 4096;
/** No route has it. */
const NOWHERE = '/-';

/** @param url path and query, as in the request line */
export function soundPath(url: string): string {
  const [path = ''] = url.split('?', 1);
  return isSound(path) ? url : `${faceOf(path)}${NOWHERE}`;
}

function isSound(path: string): boolean {
  if (!path.includes('%') && path.length <= SEGMENT_AT_MOST) return true;
  try {
    return decodeURIComponent(path)
      .split('/')
      .every((segment) => segment.length <= SEGMENT_AT_MOST);
  } catch {
    return false;
  }
}

/** `/load-balancer`: the first segment, as far as it is a plain word. */
function faceOf(path: string): string {
  return /^\/[a-z-]+/.exec(path)?.[0] ?? '';
}
