/** /etc/edgeweir/balance of a gateway: what its kernel balances, share by share. */
import { type MarkedFile, markedFile } from './marked-file.ts';

export const BALANCE: MarkedFile = {
  path: '/etc/edgeweir/balance',
  head: '# Written by Edgeweir. What is changed here by hand is written over.\n',
  samples: [],
};

/** @param shares - by node */
export function balanceFile(shares: ReadonlyMap<string, string>): string {
  return markedFile(BALANCE, '', shares);
}
