/** What every handler of the Octavia face works with. */
import type { FastifyRequest } from 'fastify';
import type { Engine } from '../../model/capability.ts';
import type { QuotaLimits } from '../../model/quota.ts';
import type { Planner } from '../../control/planner.ts';
import type { Store } from '../../store/store.ts';
import type { CertificateStore } from './certificates.ts';
import type { Limits } from './limits.ts';
import type { RoleSet } from './policy.ts';

/** A provider as far as this face has to know it. */
export interface Provider {
  readonly description: string;
  readonly carries: Engine;
}

export interface OctaviaOptions {
  readonly store: Store;
  /** Provider of a balancer whose creator names none. */
  readonly defaultProvider: string;
  /** Those that a creator may name, by name. */
  readonly providers: ReadonlyMap<string, Provider>;
  /** What projects may have that have no quota of their own; null: nobody is limited (noauth). */
  readonly quotas: QuotaLimits | null;
  /** Largest page; 0 is no limit. */
  readonly maxLimit: number;
  readonly healthcheckEnabled: boolean;
  readonly limits: Limits;
  /** `unchecked`: networks, subnets, ports and what else Neutron knows are taken at their word. */
  readonly network: 'embedded' | 'unchecked';
  /** null: the key manager is elsewhere, and references are taken at their word. */
  readonly certificates: CertificateStore | null;
  /** Which roles may do what. */
  readonly roleSet: RoleSet;
  /** Tells what a write would change on the nodes (X-Weir-Dry-Run). */
  readonly planner: Planner;
  /** Address this face is reached under, for links. */
  readonly baseUrl: (request: FastifyRequest) => string;
}
