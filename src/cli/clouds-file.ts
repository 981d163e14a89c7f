/** The clouds.yaml that OpenStack's clients and SDKs read to find this server. */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

export interface Cloud {
  /** `http://127.0.0.1:9876` */
  readonly url: string;
  readonly password: string;
  readonly region: string;
}

export const CLOUD_NAME = 'edgeweir';

export function cloudsYaml({ url, password, region }: Cloud): string {
  const domain = 'Default';
  const auth = { auth_url: `${url}/identity/v3`, username: 'admin', password, project_name: 'admin', user_domain_name: domain, project_domain_name: domain };
  return `# Written at every start of the server. Use it: OS_CLIENT_CONFIG_FILE=<this file> OS_CLOUD=${CLOUD_NAME}\n${stringify({ clouds: { [CLOUD_NAME]: { auth, region_name: region, identity_api_version: 3 } } })}`;
}

/** It holds a password: readable by its owner alone, and there complete or not at all. */
export async function writeCloudsFile(file: string, cloud: Cloud): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeFile(draft, cloudsYaml(cloud), { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
