/** `/edge/v1/gateways`: OpenWrt devices, how they are reached, and what they said when they were last asked. For administrators alone. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Gateway, gateway, site } from '../../model/gateway.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { isReferredTo } from '../../store/flavors.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId, remove as removeRow, update } from '../../store/rows.ts';
import { refuseConditions } from '../http/conditions.ts';
import { sealedPassword } from '../key-manager/gateway-passwords.ts';
import type { SecretKeys } from '../key-manager/secret-keys.ts';
import { type Call, type Collection, callOf, registerCollection } from '../octavia/collection.ts';
import type { OctaviaOptions } from '../octavia/context.ts';
import { newRow } from '../octavia/new-row.ts';
import { addShared, authorizeCreate, changeShared, sharedFor, viewShared } from '../octavia/shared-rows.ts';
import { write } from '../octavia/write.ts';
import { registerDrain } from './drain.ts';

/** Who asks gateways. */
export interface GatewayDesk {
  /** Asks it as soon as may be; a gateway that is gone is asked no more. */
  ask(gatewayId: string): void;
}

/** @param desk - null where nobody asks them */
export function registerGateways(app: FastifyInstance, options: OctaviaOptions, keys: SecretKeys, desk: GatewayDesk | null): void {
  registerCollection(app, options, collection(keys, desk));
  app.put('/gateways/:id/check', async (request, reply) => {
    refuseConditions(request);
    const row = await askAgain(callOf(options, request));
    desk?.ask(row.id);
    const [shown] = await viewGateways(options.store.db, [row]);
    return reply.code(202).send({ [gateway.name]: shown });
  });
  registerDrain(app, options);
}

const viewGateways = viewShared(gateway);

function collection(keys: SecretKeys, desk: GatewayDesk | null): Collection<typeof gateway> {
  return {
    resource: gateway,
    path: '/gateways',
    root: '/v1',
    view: viewGateways,
    create: (call) => create(call, keys, desk),
    update: (call, id) => modify(call, id, keys, desk),
    remove: async (call, id) => {
      await remove(call, id);
      desk?.ask(id);
    },
  };
}

async function create(call: Call, keys: SecretKeys, desk: GatewayDesk | null): Promise<Gateway> {
  const body = parseCreate(gateway, call.body);
  authorizeCreate(call, gateway);
  await keys.ready();
  const id = randomUUID();
  const sealed = sealedPassword(keys, id, body.password ?? '');
  const row = newRow(gateway, body, { ...NEVER_ASKED, ...sealed, created_at: octaviaTime(new Date()), updated_at: null });
  await write(call, async (tx) => {
    await requireSite(tx, row.site_id);
    return addShared(tx, gateway, row, 'gateway');
  });
  if (!call.dryRun) desk?.ask(id);
  return row;
}

const NEVER_ASKED = { draining: false, status: 'CHECKING', status_reason: null, facts: null, last_seen_at: null, checked_at: null, identity: null } as const;

/** What is said of its address, its user or its key is a device to get to know. */
const ACQUAINTANCE = ['url', 'tls_pin'] as const;

async function modify(call: Call, id: string, keys: SecretKeys, desk: GatewayDesk | null): Promise<Gateway> {
  const { password, ...changes } = parseUpdate(gateway, call.body) as Partial<Gateway> & { password?: string };
  await keys.ready();
  const sealed = password === undefined ? {} : sealedPassword(keys, id, password);
  const anew = ACQUAINTANCE.some((name) => Object.hasOwn(changes, name)) ? { identity: null } : {};
  const updated = { ...changes, ...sealed, ...anew, status: 'CHECKING' as const, updated_at: octaviaTime(new Date()) };
  const row = await write(call, async (tx) => {
    const before = await sharedFor(tx, call, gateway, id, 'put');
    if (changes.site_id !== undefined) await requireSite(tx, changes.site_id);
    return changeShared(tx, gateway, before, updated, 'gateway');
  });
  if (!call.dryRun) desk?.ask(id);
  return row;
}

async function requireSite(tx: AuditedTx, id: string): Promise<void> {
  if (!(await byId(tx.db, site, id))) throw fault.subresourceNotFound(site.title, id);
}

async function askAgain(call: Call): Promise<Gateway> {
  const id = call.params['id'] ?? '';
  return write(call, async (tx) => {
    const before = await sharedFor(tx, call, gateway, id, 'put');
    const after = await update(tx.db, gateway, id, { status: 'CHECKING' });
    if (!after) throw fault.notFound(gateway.title, id);
    tx.record('update', gateway, before, after);
    return after;
  });
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await sharedFor(tx, call, gateway, id, 'delete');
    if (await isReferredTo(tx.db, 'gateway', id)) throw fault.recordInUse(gateway.title, id);
    await removeRow(tx.db, gateway, id);
    tx.record('delete', gateway, row, null);
  });
}
