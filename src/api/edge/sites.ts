/** `/edge/v1/sites`: places with gateways. For administrators alone. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { type Site, site } from '../../model/gateway.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { gatewaysBySite } from '../../store/gateways.ts';
import { octaviaTime } from '../../store/row-time.ts';
import { type Call, type Collection, registerCollection } from '../octavia/collection.ts';
import type { OctaviaOptions } from '../octavia/context.ts';
import { newRow } from '../octavia/new-row.ts';
import { addShared, authorizeCreate, changeShared, removeShared, sharedFor } from '../octavia/shared-rows.ts';
import { type View, viewer } from '../octavia/viewer.ts';
import { write } from '../octavia/write.ts';

export function registerSites(app: FastifyInstance, options: OctaviaOptions): void {
  registerCollection(app, options, sites);
}

const sites: Collection<typeof site> = {
  resource: site,
  path: '/sites',
  root: '/v1',
  view: viewSites,
  create,
  update: modify,
  remove: (call, id) => removeShared(call, site, id, site.title),
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
  return write(call, (tx) => addShared(tx, site, row, 'site'));
}

async function modify(call: Call, id: string): Promise<Site> {
  const changes = { ...parseUpdate(site, call.body), updated_at: octaviaTime(new Date()) };
  return write(call, async (tx) => changeShared(tx, site, await sharedFor(tx, call, site, id, 'put'), changes, 'site'));
}
