/** `/edge/v1/hosts`: the machines whose agents carry nodes for this server. For administrators alone. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Host, host } from '../../model/host.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { nodesByHost } from '../../store/hosts.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { update } from '../../store/rows.ts';
import { refuseConditions } from '../http/conditions.ts';
import { type Call, type Collection, callOf, registerCollection } from '../octavia/collection.ts';
import type { OctaviaOptions } from '../octavia/context.ts';
import { newRow } from '../octavia/new-row.ts';
import { addShared, authorizeCreate, changeShared, removeShared, sharedFor } from '../octavia/shared-rows.ts';
import { type View, viewer } from '../octavia/viewer.ts';
import { write } from '../octavia/write.ts';

/** Who lets hosts in. */
export interface HostDoor {
  /** A token to join with, once, and what is kept of it. */
  invite(hostId: string): Invitation;
  /** Ends the connection of a host that is no longer let in. */
  dismiss(hostId: string): void;
}

export interface Invitation {
  readonly token: string;
  readonly digest: string;
  readonly expiresAt: Date;
}

/** @param door - null where no host can join: no port for agents is configured */
export function registerHosts(app: FastifyInstance, options: OctaviaOptions, door: HostDoor | null): void {
  /** The tokens of requests under way: a created host is shown with its own, once. */
  const tokens = new WeakMap<object, string>();
  registerCollection(app, options, collection(door, tokens));
  app.put('/hosts/:id/invite', async (request) => {
    refuseConditions(request);
    const row = await inviteAnew(callOf(options, request), door, tokens);
    return { [host.name]: await shownOnce(options, row, tokens) };
  });
}

function collection(door: HostDoor | null, tokens: WeakMap<object, string>): Collection<typeof host> {
  return {
    resource: host,
    path: '/hosts',
    root: '/v1',
    view: viewHosts,
    viewCreated: async (db, row) => withToken(await viewHosts(db, [row]), tokens.get(row)),
    create: (call) => create(call, door, tokens),
    update: modify,
    remove: async (call, id) => {
      await removeShared(call, host, id, host.title);
      door?.dismiss(id);
    },
  };
}

const view = viewer(host);

async function viewHosts(db: OctaviaOptions['store']['db'], rows: readonly Host[]): Promise<View[]> {
  const nodes = await nodesByHost(db);
  return rows.map((row) => view(row, { nodes: nodes.get(row.id) ?? 0, join_token: undefined }));
}

async function shownOnce({ store }: OctaviaOptions, row: Host, tokens: WeakMap<object, string>): Promise<View> {
  return withToken(await viewHosts(store.db, [row]), tokens.get(row));
}

function withToken([shown = {}]: readonly View[], token: string | undefined): View {
  return { ...shown, join_token: token };
}

type Invited = 'status' | 'token_digest' | 'join_token_expires_at' | 'certificate_serial' | 'next_certificate_serial' | 'certificate_expires_at';

/** What of a row an invitation sets. */
function invited({ digest, expiresAt }: Invitation): Pick<Host, Invited> {
  const none = { certificate_serial: null, next_certificate_serial: null, certificate_expires_at: null };
  return { status: 'INVITED', token_digest: digest, join_token_expires_at: octaviaTime(expiresAt), ...none };
}

async function create(call: Call, door: HostDoor | null, tokens: WeakMap<object, string>): Promise<Host> {
  const body = parseCreate(host, call.body);
  authorizeCreate(call, host);
  if (!door) throw fault.noAgentPort();
  const id = randomUUID();
  const invitation = door.invite(id);
  const kept = { id, physical_networks: [], created_at: octaviaTime(new Date()), ...invited(invitation) };
  const row = newRow(host, body, { ...NOTHING_SEEN, ...kept });
  await write(call, (tx) => addShared(tx, host, row, 'host'));
  tokens.set(row, invitation.token);
  return row;
}

const NOTHING_SEEN = { last_address: null, last_seen_at: null, facts: null, updated_at: null } as const;

async function modify(call: Call, id: string): Promise<Host> {
  const changes = parseUpdate(host, call.body);
  const updated = { ...changes, updated_at: octaviaTime(new Date()) };
  return write(call, async (tx) => changeShared(tx, host, await sharedFor(tx, call, host, id, 'put'), updated, 'host'));
}

/** The machine was made anew, or its key may be known to others: whoever has the new token is the host, the old one is shut out. */
async function inviteAnew(call: Call, door: HostDoor | null, tokens: WeakMap<object, string>): Promise<Host> {
  if (!door) throw fault.noAgentPort();
  const id = call.params['id'] ?? '';
  const invitation = door.invite(id);
  const row = await write(call, async (tx) => {
    const before = await sharedFor(tx, call, host, id, 'put');
    const after = await update(tx.db, host, id, { ...invited(invitation), updated_at: octaviaTime(new Date()) });
    if (!after) throw fault.notFound(host.title, id);
    tx.record('update', host, before, after);
    return after;
  });
  door.dismiss(id);
  tokens.set(row, invitation.token);
  return row;
}
