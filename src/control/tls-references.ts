/** What listeners and pools mean by their references to certificates. */
import type { Listener } from '../model/listener.ts';
import { Sealed } from '../model/sealed.ts';
import type { AuthorityFiles } from '../model/topology.ts';

/** What references mean. Throws a MaterialError where that is not known. */
export interface Materials {
  certificate(ref: string): Sealed;
  authority(ca: string, crl: string | null): AuthorityFiles;
}

/** Something that a listener or a pool refers to cannot be read. Waiting does not help: somebody has to do something. */
export class MaterialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MaterialError';
  }
}

/** Where nothing depends on what is in a certificate: a plan's rows, a node that carries nothing. */
export const IN_NAME_ONLY: Materials = {
  certificate: (ref) => new Sealed(ref),
  authority: (ca, crl) => ({ certificates: new Sealed(ca), revocations: crl === null ? null : new Sealed(crl) }),
};

/** Of a listener, the default first. */
export function certificateRefs({
  default_tls_container_ref: own,
  sni_container_refs: others,
}: Pick<Listener, 'default_tls_container_ref' | 'sni_container_refs'>): string[] {
  return [...new Set([...(own === null ? [] : [own]), ...others])];
}
