/** What the tests of the network face share. */
import assert from 'node:assert/strict';
import type { LightMyRequestResponse } from 'fastify';
import { type Faces } from '../identity/faces.fixture.ts';

export const V2 = '/network/v2.0';
export type Body = Record<string, unknown>;

export function assertError(response: LightMyRequestResponse, code: number, type: string, message?: string | RegExp): void {
  assert.equal(response.statusCode, code, response.body);
  const { NeutronError }: { NeutronError: Body } = response.json();
  assert.deepEqual({ ...NeutronError, message: '' }, { type, message: '', detail: '' }, response.body);
  if (message instanceof RegExp) assert.match(String(NeutronError['message']), message);
  else if (message !== undefined) assert.equal(NeutronError['message'], message);
}

export async function make(set: Faces, token: string, kind: 'network' | 'subnet' | 'port', attributes: Body): Promise<Body & { id: string }> {
  const response = await set.send('POST', `${V2}/${kind}s`, token, { [kind]: attributes });
  assert.equal(response.statusCode, 201, response.body);
  return response.json<Record<string, Body & { id: string }>>()[kind] ?? assert.fail();
}

export async function ids(set: Faces, token: string, path: string): Promise<string[]> {
  const response = await set.send('GET', `${V2}/${path}`, token);
  assert.equal(response.statusCode, 200, response.body);
  const [rows] = Object.values(response.json<Record<string, { id: string }[]>>());
  return (rows ?? []).map(({ id }) => id);
}

export interface Site extends Faces {
  readonly token: string;
  readonly net: Body & { id: string };
  readonly sub: Body & { id: string };
}

export async function site(set: Faces, attributes: Body = {}): Promise<Site> {
  const token = await set.admin('blue');
  const net = await make(set, token, 'network', { name: 'private', ...attributes });
  const sub = await make(set, token, 'subnet', { name: 'private-subnet', network_id: net.id, cidr: '192.168.1.0/24', ip_version: 4 });
  return { ...set, token, net, sub };
}
