/** What an agent is known by: kept in a directory that only root may read, in one file, so that its parts always belong together. */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { makeDirectory } from '../../config/make-directory.ts';
import { writeSecret } from '../../config/secret-file.ts';
import { readIfThere } from '../local/files.ts';
import { NodeError } from '../node.ts';
import type { Credentials } from './authority.ts';
import { ShapeError, object, text } from './shape.ts';

const PEM = text({ pattern: /^-----BEGIN [A-Z ]+-----\n/, longest: 65_536 });
const KEPT = object({ key: PEM, certificate: PEM, authority: PEM });

function fileIn(directory: string): string {
  return join(directory, 'credentials.json');
}

/** null where the agent has not joined. Throws a NodeError for a file that is none of ours. */
export async function readCredentials(directory: string): Promise<Credentials | null> {
  const kept = await readIfThere(fileIn(directory));
  if (kept === null) return null;
  try {
    const credentials = KEPT(JSON.parse(kept), 'it');
    renewalOf(credentials);
    return credentials;
  } catch (error) {
    const reason = error instanceof ShapeError ? error.message : 'it is damaged';
    throw new NodeError(`${fileIn(directory)}: ${reason}. Remove it and join anew: weir host invite`, { cause: error });
  }
}

export async function writeCredentials(directory: string, credentials: Credentials): Promise<void> {
  makeDirectory(directory, 0o700);
  await writeSecret(fileIn(directory), `${JSON.stringify(KEPT(credentials, 'it'))}\n`);
}

const RENEWED_AT = 2 / 3;

/** When another certificate is to be asked for. */
export function renewalOf({ certificate }: Pick<Credentials, 'certificate'>): Date {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const [from, to] = [validFrom, validTo].map((time) => Date.parse(time));
  return new Date((from ?? 0) + ((to ?? 0) - (from ?? 0)) * RENEWED_AT);
}
