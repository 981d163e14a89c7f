/** Places for balancers, known by their names (reference §2.8). */
import type { FastifyInstance } from 'fastify';
import { type AvailabilityZone, availabilityZone, availabilityZoneProfile } from '../../model/availability-zone.ts';
import { fault } from '../../model/fault.ts';
import { parseCreate, parseUpdate } from '../../model/resource.ts';
import { byId } from '../../store/rows.ts';
import { type Call, type Collection, registerCollection } from './collection.ts';
import type { OctaviaOptions } from './context.ts';
import { newRow } from './new-row.ts';
import { addShared, authorizeCreate, changeShared, removeShared, sharedFor, viewShared } from './shared-rows.ts';
import { write } from './write.ts';

/** In Octavia a row of this name stands for zones that are gone, so that nobody can have it. */
const NIL = '00000000-0000-0000-0000-000000000000';

export function registerAvailabilityZones(app: FastifyInstance, options: OctaviaOptions): void {
  registerCollection(app, options, availabilityZones);
}

const availabilityZones: Collection<typeof availabilityZone> = {
  resource: availabilityZone,
  path: '/availabilityzones',
  view: viewShared(availabilityZone),
  create,
  update: modify,
  remove: (call, name) => removeShared(call, availabilityZone, name, availabilityZone.title),
};

async function create(call: Call): Promise<AvailabilityZone> {
  const body = parseCreate(availabilityZone, call.body);
  authorizeCreate(call, availabilityZone);
  const row = newRow(availabilityZone, body, { id: body.name });
  const profileId = row.availability_zone_profile_id;
  return write(call, async (tx) => {
    if (row.name === NIL) throw fault.alreadyExists('availability zone', NIL);
    if (!(await byId(tx.db, availabilityZoneProfile, profileId))) throw fault.subresourceNotFound(availabilityZoneProfile.title, profileId);
    return addShared(tx, availabilityZone, row, 'availability zone');
  });
}

async function modify(call: Call, name: string): Promise<AvailabilityZone> {
  const changes = parseUpdate(availabilityZone, call.body);
  return write(call, async (tx) => changeShared(tx, availabilityZone, await sharedFor(tx, call, availabilityZone, name, 'put'), changes, 'availability zone'));
}
