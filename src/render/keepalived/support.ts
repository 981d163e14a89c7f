/** What two nodes cannot share, in words, or null: asked by the API before a row is written. */
import { isIP } from 'node:net';
import type { Redundancy } from '../../model/topology.ts';

/** @param vips its addresses, the VIP first */
export function unsupportedByPair(redundancy: Redundancy, [vip = '', ...additional]: readonly string[]): string | null {
  if (redundancy !== 'ACTIVE_ACTIVE' || additional.some((address) => isIP(address) === isIP(vip))) return null;
  return 'the topology ACTIVE_ACTIVE without an additional VIP of the same address family as the VIP, for the second node to serve';
}
