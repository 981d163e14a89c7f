/**
 * Certificates and authorities that a balancer's rows refer to, as files will have them. They are read again only when what
 * is under their references has changed; one that can no longer be read is kept as it was last, so that a certificate that is
 * gone holds up nothing but itself.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Authority, Certificate } from '../model/certificate.ts';
import { Fault } from '../model/fault.ts';
import type { Listener } from '../model/listener.ts';
import { IN_NAME_ONLY, MaterialError, type Materials, certificateRefs } from './tls-references.ts';
import type { Pool } from '../model/pool.ts';
import { Sealed } from '../model/sealed.ts';
import type { AuthorityFiles } from '../model/topology.ts';
import type { NodeDriver } from '../nodes/node.ts';
import type { BalancerTree } from '../store/balancer-tree.ts';

/**
 * Where certificates are kept. Each method throws a Fault, with a reason that the balancer's owner may read, for what cannot
 * be had; whatever else it throws is a failure of this server, which passes.
 */
export interface CertificateVault {
  /** Another text when what is under the references is another; cheap. */
  stamp(refs: readonly string[]): Promise<string>;
  certificate(ref: string): Promise<Certificate>;
  authority(ca: string, crl: string | null): Promise<Authority>;
}

/** A certificate, or an authority with its list. */
type Need = { readonly ref: string } | { readonly ca: string; readonly crl: string | null };

interface Known {
  readonly stamp: string;
  readonly files: AuthorityFiles;
}

function needsOf({ listeners, pools }: Pick<BalancerTree, 'listeners' | 'pools'>): Map<string, Need> {
  const wanted = [...listeners.filter(counts).flatMap(listenerNeeds), ...pools.filter(counts).flatMap(poolNeeds)];
  return new Map(wanted.map((need) => [JSON.stringify(refsOf(need)), need]));
}

/** Nothing is asked of what is switched off: that is the way out where a certificate is lost. */
function counts({ deleting, admin_state_up: enabled }: Pick<Listener, 'deleting' | 'admin_state_up'>): boolean {
  return enabled && !deleting;
}

function listenerNeeds(listener: Listener): Need[] {
  const { client_authentication: mode, client_ca_tls_container_ref: ca, client_crl_container_ref: crl } = listener;
  return [...certificateRefs(listener).map((ref) => ({ ref })), ...(mode === 'NONE' ? [] : authorityNeed(ca, crl))];
}

function poolNeeds({ tls_enabled: enabled, tls_container_ref: own, ca_tls_container_ref: ca, crl_container_ref: crl }: Pool): Need[] {
  return enabled ? [...(own === null ? [] : [{ ref: own }]), ...authorityNeed(ca, crl)] : [];
}

function authorityNeed(ca: string | null, crl: string | null): Need[] {
  return ca === null ? [] : [{ ca, crl }];
}

/** One reference for a certificate, two for an authority: that tells the two apart. */
function refsOf(need: Need): readonly (string | null)[] {
  return 'ref' in need ? [need.ref] : [need.ca, need.crl];
}

/** What was read, and what could not be: in words for people. */
export interface Read {
  readonly materials: Materials;
  readonly complaints: readonly string[];
}

/** What a tree's references mean to its nodes; those that only pretend need not know. Throws as `MaterialReader.read` does. */
export async function materialsFor({ pretends }: Pick<NodeDriver, 'pretends'>, reader: MaterialReader, tree: BalancerTree): Promise<Read> {
  return pretends ? { materials: IN_NAME_ONLY, complaints: [] } : reader.read(tree);
}

export class MaterialReader {
  readonly #vault: CertificateVault | null;
  /** By balancer, what was last read for it; what it no longer refers to is forgotten. */
  readonly #known = new Map<string, ReadonlyMap<string, Known>>();

  /** @param vault - null where certificates are kept elsewhere, and cannot be read at all */
  constructor(vault: CertificateVault | null) {
    this.#vault = vault;
  }

  /** Throws only for what is no fault of what is read; what was read before is then kept. */
  async read(tree: Pick<BalancerTree, 'balancer' | 'listeners' | 'pools'>): Promise<Read> {
    const needs = needsOf(tree);
    const before = this.#known.get(tree.balancer.id) ?? new Map<string, Known>();
    const known = new Map<string, Known>();
    const reasons = new Map<string, string>();
    for (const [key, need] of needs) {
      const last = before.get(key);
      try {
        known.set(key, await this.#readOne(need, last));
      } catch (error) {
        if (!(error instanceof Fault || error instanceof MaterialError)) throw error;
        reasons.set(key, error.message);
        if (last) known.set(key, last);
      }
    }
    if (needs.size === 0) this.#known.delete(tree.balancer.id);
    else this.#known.set(tree.balancer.id, known);
    return { materials: materialsOf(known, reasons), complaints: [...new Set(reasons.values())] };
  }

  forget(balancerId: string): void {
    this.#known.delete(balancerId);
  }

  async #readOne(need: Need, last: Known | undefined): Promise<Known> {
    const vault = this.#vault;
    if (!vault) throw new MaterialError('Certificates are kept in a key manager that this server does not read ([key_manager] mode)');
    const stamp = await vault.stamp(refsOf(need).filter((ref) => ref !== null));
    if (last?.stamp === stamp) return last;
    // Parsing is work of milliseconds; a hundred certificates in a row would keep everybody else waiting.
    await turn();
    return { stamp, files: await filesOf(vault, need) };
  }
}

async function filesOf(vault: CertificateVault, need: Need): Promise<AuthorityFiles> {
  return 'ref' in need ? certificateFiles(await vault.certificate(need.ref)) : authorityFiles(await vault.authority(need.ca, need.crl));
}

function certificateFiles({ certificate, intermediates, privateKey }: Certificate): AuthorityFiles {
  return { certificates: new Sealed([certificate, ...intermediates, privateKey].join('')), revocations: null };
}

function authorityFiles({ certificates, revocations }: Authority): AuthorityFiles {
  return { certificates: new Sealed(certificates.join('')), revocations: revocations.length === 0 ? null : new Sealed(revocations.join('')) };
}

function materialsOf(known: ReadonlyMap<string, Known>, reasons: ReadonlyMap<string, string>): Materials {
  const found = (need: Need): AuthorityFiles => {
    const key = JSON.stringify(refsOf(need));
    const files = known.get(key)?.files;
    if (!files) throw new MaterialError(reasons.get(key) ?? `${refsOf(need).join(' ')} was not read`);
    return files;
  };
  return { certificate: (ref) => found({ ref }).certificates, authority: (ca, crl) => found({ ca, crl }) };
}
