/**
 * Names in haproxy.cfg. A frontend is named by its listener's id, a server by its member's id; a pool may serve several
 * listeners with different timeouts, so a backend is named `<pool>:<listener>`, as in Octavia. The ACL of an L7 rule has
 * a prefix, so that no id is one of the ACLs that HAProxy or this compiler defines, nor a word of a condition.
 */
import { checkedName } from './argument.ts';

export function backendName(poolId: string, listenerId: string): string {
  return `${checkedName(poolId)}:${checkedName(listenerId)}`;
}

/** The pool's id in a backend's name as a proxy tells it; of another name what stands before its first colon, or all of it. */
export function poolIdOf(backend: string): string {
  const [poolId = ''] = backend.split(':', 1);
  return poolId;
}

export function aclName(ruleId: string): string {
  return `rule:${checkedName(ruleId)}`;
}
