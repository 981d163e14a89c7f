/** Names of what is ours on a gateway. All of a share's sections begin with the same words, so that they are found again. */

/** In front of the name of each section of ours, and of nobody else's. */
export const OWN = 'weir_';

/** Twelve digits of a node's id: a gateway has hundreds of shares at most. */
const TAG = 12;

function tagOf(id: string): string {
  return id.replaceAll('-', '').slice(0, TAG);
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
export function sectionName(nodeId: string, kind: 'l' | 'v', id: string): string {
  return `${prefixOf(nodeId)}${kind}${tagOf(id)}`;
}

/** Where files of shares are on a gateway; paths in haproxy.cfg begin here. */
export const DIRECTORY = '/etc/edgeweir/haproxy';

export function pathOf(file: { readonly path: string }): string {
  return `${DIRECTORY}/${file.path}`;
}
