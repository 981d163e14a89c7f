/**
 * What this driver adds to every configuration it runs. It concerns HAProxy as a program on this host, not what a
 * balancer does, so it is neither rendered nor part of the structure's digest.
 */
import { basename } from 'node:path';
import { writeWhole } from './files.ts';
import type { NodeFiles } from './names.ts';

/**
 * At every start and reload HAProxy reads all certificate authorities of the host for an HTTP client of its own, which asks
 * nothing over TLS here: three quarters of the time a start takes (13 instead of 47 ms without).
 */
const COMMON = `.if version_atleast(2.6)
.if feature(OPENSSL)
global
    httpclient.ssl.verify none
.endif
.endif
`;

export async function writeCommon(files: NodeFiles): Promise<void> {
  await writeWhole(files.common, COMMON);
}

/** Relative to the node's directory. */
export function configArguments(files: NodeFiles, config: string): string[] {
  return ['-f', basename(files.common), '-f', basename(config)];
}
