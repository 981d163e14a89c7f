/** `/edge/v1/sites`: places with gateways. For administrators alone. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type AvailabilityZone, type AvailabilityZoneProfile, availabilityZone, availabilityZoneProfile } from '../../model/availability-zone.ts';
import type { ExportedGateway, GatewayExporter } from '../../control/gateway-export.ts';
import { GATEWAY_PROVIDER } from '../../model/capability.ts';
import { fault } from '../../model/fault.ts';
import { type Site, site } from '../../model/gateway.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import type { AuditedTx } from '../../store/audit.ts';
import { isReferredTo } from '../../store/flavors.ts';
import { gatewaysAt, gatewaysBySite } from '../../store/gateways.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { byId, remove as removeRow } from '../../store/rows.ts';
import { type Call, type Collection, callOf, registerCollection, rowFor, sendLong } from '../octavia/collection.ts';
import type { OctaviaOptions } from '../octavia/context.ts';
import { newRow } from '../octavia/new-row.ts';
import { ruleOf } from '../octavia/policy.ts';
import { addShared, authorizeCreate, changeShared, sharedFor } from '../octavia/shared-rows.ts';
import { type View, viewer } from '../octavia/viewer.ts';
import { write } from '../octavia/write.ts';

/** @param exporter - says what gateways should have; null where nobody can */
export function registerSites(app: FastifyInstance, options: OctaviaOptions, exporter: GatewayExporter | null): void {
  registerCollection(app, options, sites);
  if (exporter) app.get('/sites/:id/config', async (request, reply) => sendLong(reply, { config: await exported(callOf(options, request), exporter) }));
}

/** What Edgeweir wants to have on each gateway of the site. */
async function exported(call: Call, exporter: GatewayExporter): Promise<View> {
  const { db } = call.options.store;
  const { id, name } = await rowFor(site, call, call.params['id'] ?? '', ruleOf(site, 'get_one'));
  const gateways: ExportedGateway[] = [];
  for (const row of await gatewaysAt(db, id)) gateways.push(await exporter(db, row));
  return { site: name, gateways };
}

const sites: Collection<typeof site> = {
  resource: site,
  path: '/sites',
  root: '/v1',
  view: viewSites,
  create,
  update: modify,
  remove,
};

const view = viewer(site);

async function viewSites(db: OctaviaOptions['store']['db'], rows: readonly Site[]): Promise<View[]> {
  const gateways = await gatewaysBySite(db);
  return rows.map((row) => view(row, { gateways: gateways.get(row.id) ?? 0 }));
}

async function create(call: Call): Promise<Site> {
  const body = parseCreate(site, call.body);
  authorizeCreate(call, site);
  const row = newRow(site, body, { id: randomUUID(), created_at: octaviaTime(new Date()), updated_at: null });
  return write(call, async (tx) => {
    await offerZone(tx, row);
    return addShared(tx, site, row, 'site');
  });
}

/** To creators of load balancers a site is an availability zone of its name. */
async function offerZone(tx: AuditedTx, { name, description }: Site): Promise<void> {
  const profile: AvailabilityZoneProfile = {
    id: randomUUID(),
    name,
    provider_name: GATEWAY_PROVIDER,
    availability_zone_data: JSON.stringify({ compute_zone: name }),
  };
  const zone: AvailabilityZone = { id: name, name, description, enabled: true, availability_zone_profile_id: profile.id };
  await addShared(tx, availabilityZoneProfile, profile, 'availability zone');
  await addShared(tx, availabilityZone, zone, 'availability zone');
}

async function remove(call: Call, id: string): Promise<void> {
  await write(call, async (tx) => {
    const row = await sharedFor(tx, call, site, id, 'delete');
    if (await isReferredTo(tx.db, 'site', id)) throw fault.recordInUse(site.title, id);
    const zone = await byId(tx.db, availabilityZone, row.name);
    if (zone) await withdrawZone(tx, zone, row);
    await removeRow(tx.db, site, id);
    tx.record('delete', site, row, null);
  });
}

/** One that an operator has made anew with another profile is no longer the site's. */
async function withdrawZone(tx: AuditedTx, zone: AvailabilityZone, row: Site): Promise<void> {
  const profile = await byId(tx.db, availabilityZoneProfile, zone.availability_zone_profile_id);
  if (profile?.provider_name !== GATEWAY_PROVIDER || profile.name !== row.name) return;
  if (await isReferredTo(tx.db, 'availability_zone', zone.name)) throw fault.recordInUse(site.title, row.id);
  await removeRow(tx.db, availabilityZone, zone.id);
  tx.record('delete', availabilityZone, zone, null);
  if (await isReferredTo(tx.db, 'availability_zone_profile', profile.id)) return;
  await removeRow(tx.db, availabilityZoneProfile, profile.id);
  tx.record('delete', availabilityZoneProfile, profile, null);
}

async function modify(call: Call, id: string): Promise<Site> {
  const changes = { ...parseUpdate(site, call.body), updated_at: octaviaTime(new Date()) };
  return write(call, async (tx) => changeShared(tx, site, await sharedFor(tx, call, site, id, 'put'), changes, 'site'));
}
