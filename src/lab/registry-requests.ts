/** Requests to the network face, as far as the lab's registry needs them. */
import type { Requester } from './api-client.ts';

export interface Found {
  readonly id: string;
  readonly name: string;
  readonly mtu: number;
  readonly cidr: string;
  readonly subnets: readonly string[];
  readonly description: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
  readonly gateway_ip: string | null;
  readonly 'router:external'?: boolean;
}

/** Marks what the lab made, so that it removes nothing else. */
export const MARK = 'Made by the lab';

const BASE = '/network/v2.0';

export async function find(api: Requester, collection: string, filters: Record<string, string>): Promise<Found[]> {
  const body = await api.request<Record<string, Found[]>>('GET', `${BASE}/${collection}?${new URLSearchParams(filters).toString()}`);
  return body[collection] ?? [];
}

export async function create(api: Requester, kind: string, attributes: Record<string, unknown>): Promise<Found> {
  const body = await api.request<Record<string, Found>>('POST', `${BASE}/${kind}s`, { [kind]: attributes });
  return body[kind] as Found;
}

export async function change(api: Requester, kind: string, id: string, attributes: Record<string, unknown>): Promise<Found> {
  const body = await api.request<Record<string, Found>>('PUT', `${BASE}/${kind}s/${id}`, { [kind]: attributes });
  return body[kind] as Found;
}

/** Leaves what somebody else made or still uses. */
export async function remove(api: Requester, collection: string, { id, description }: Found): Promise<void> {
  if (description === MARK) await api.request('DELETE', `${BASE}/${collection}/${id}`, undefined, [404, 409]);
}

/** `how`: add_router_interface or remove_router_interface. */
export async function join(api: Requester, routerId: string, how: 'add' | 'remove', subnetId: string, accepted: readonly number[] = []): Promise<void> {
  await api.request('PUT', `${BASE}/routers/${routerId}/${how}_router_interface`, { subnet_id: subnetId }, accepted);
}
