/** A token as clients see it. */
import type { CatalogEntry } from './catalog.ts';
import type { Verified } from './tokens.ts';

/** `catalog` null leaves it out, as `?nocatalog` asks for. A token without scope has neither roles nor catalogue. */
export function tokenView({ claims, standing }: Verified, catalog: readonly CatalogEntry[] | null): Record<string, unknown> {
  const { user, domain, project, projectDomain, roles } = standing;
  return {
    methods: claims.methods,
    user: { domain: { id: domain.id, name: domain.name }, id: user.id, name: user.name, password_expires_at: null },
    audit_ids: claims.chainId === null ? [claims.auditId] : [claims.auditId, claims.chainId],
    expires_at: keystoneTime(claims.expiresAt),
    issued_at: keystoneTime(claims.issuedAt),
    ...(project === null
      ? {}
      : { project: { domain: { id: projectDomain?.id, name: projectDomain?.name }, id: project.id, name: project.name }, is_domain: false, roles }),
    ...(project === null || catalog === null ? {} : { catalog }),
  };
}

/** UTC with microseconds, which Keystone always prints. */
function keystoneTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
