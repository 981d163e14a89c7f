/** Names of what the lab makes. They carry the instance like all others, and can never be taken for a node's. */
import { LAB_HOSTS, type LabHost } from './hosts.ts';
import { LabError } from './lab-error.ts';

const INSTANCE = /^[0-9a-f]{6}$/;

/** `weir-<instance>-lab-<host>` */
export function labNamespace(instance: string, host: LabHost): string {
  if (!INSTANCE.test(instance)) throw new LabError(`'${instance}' is no instance`, 'It must be six hexadecimal digits.');
  return `weir-${instance}-lab-${host.name}`;
}

/** The end of a host's link at the bridge, within the kernel's 15 characters: `lab-client.0`. */
export function labLink(host: LabHost, index: number): string {
  return `lab-${host.name}.${index}`;
}

export function labHost(name: string): LabHost {
  const host = LAB_HOSTS.find((candidate) => candidate.name === name);
  if (!host) throw new LabError(`The lab has no host '${name}'`, `Choose from: ${LAB_HOSTS.map((candidate) => candidate.name).join(', ')}.`);
  return host;
}
