/** Names of what is ours on a gateway. All of a share's sections begin with the same words, so that they are found again. */

import { shown } from '../shown.ts';
import { GatewayCannotError } from './gateway-error.ts';

/** In front of the name of each section of ours, and of nobody else's. */
export const OWN = 'weir_';

/** Twelve digits of a node's id: a gateway has hundreds of shares at most. */
const TAG = 12;

const ID = /^[A-Za-z0-9-]{1,64}$/;

/** Ids stand in lines of shells and of nft: nothing else does. Throws a GatewayCannotError for what is no id. */
export function checkedId(id: string): string {
  if (typeof id !== 'string' || !ID.test(id)) throw new GatewayCannotError(`not an id: ${shown(id)}`);
  return id;
}

function tagOf(id: string): string {
  return checkedId(id).replaceAll('-', '').slice(0, TAG);
}

/** In front of the names of a share's sections. */
export function prefixOf(nodeId: string): string {
  return `${OWN}${tagOf(nodeId)}_`;
}

/** The section that says whose share it is. */
export function shareSection(nodeId: string): string {
  return `${prefixOf(nodeId)}share`;
}

/** @param kind - one letter @param id - of a listener, or a number */
export function sectionName(nodeId: string, kind: 'f' | 'l' | 'v', id: string): string {
  return `${prefixOf(nodeId)}${kind}${tagOf(id)}`;
}

/** The table that a share has in the kernel. */
export function tableName(nodeId: string): string {
  return `${OWN}${tagOf(nodeId)}`;
}

/** Names of a listener's things in that table. */
export function ofListener(kind: 'in' | 'out' | 'new' | 'm' | 'l', listenerId: string): string {
  return `${kind}_${tagOf(listenerId)}`;
}

/** Where files of shares are on a gateway; paths in haproxy.cfg begin here. */
export const DIRECTORY = '/etc/edgeweir/haproxy';

export function pathOf(file: { readonly path: string }): string {
  return `${DIRECTORY}/${file.path}`;
}
