/** What creators of balancers choose from (reference §2.8). */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { fault } from '../../model/fault.ts';
import { type Flavor, flavor, flavorProfile } from '../../model/flavor.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { byId } from '../../store/rows.ts';
import { type Call, type Collection, registerCollection } from './collection.ts';
import type { OctaviaOptions } from './context.ts';
import { newRow } from './new-row.ts';
import { addShared, authorizeCreate, changeShared, removeShared, sharedFor, viewShared } from './shared-rows.ts';
import { write } from './write.ts';

export function registerFlavors(app: FastifyInstance, options: OctaviaOptions): void {
  registerCollection(app, options, flavors);
}

const flavors: Collection<typeof flavor> = {
  resource: flavor,
  path: '/flavors',
  view: viewShared(flavor),
  create,
  update: modify,
  remove: (call, id) => removeShared(call, flavor, id, 'Flavor'),
};

async function create(call: Call): Promise<Flavor> {
  const body = parseCreate(flavor, call.body);
  authorizeCreate(call, flavor);
  const row = newRow(flavor, body, { id: randomUUID() });
  return write(call, async (tx) => {
    if (!(await byId(tx.db, flavorProfile, row.flavor_profile_id))) throw fault.subresourceNotFound(flavorProfile.title, row.flavor_profile_id);
    return addShared(tx, flavor, row, 'flavor');
  });
}

async function modify(call: Call, id: string): Promise<Flavor> {
  const changes = parseUpdate(flavor, call.body);
  return write(call, async (tx) => changeShared(tx, flavor, await sharedFor(tx, call, flavor, id, 'put'), changes, 'flavor'));
}
