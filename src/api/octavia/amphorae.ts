/** The nodes that carry balancers, for administrators (reference §1.2, §2.8). */
import type { FastifyInstance } from 'fastify';
import { type Amphora, type AmphoraStatus, amphora, placeOf } from '../../model/amphora.ts';
import { fault } from '../../model/fault.ts';
import type { Place } from '../../model/resource.ts';
import { amphoraStatistics, balancersOfProject, placesOf } from '../../store/amphorae.ts';
import { list } from '../../store/rows.ts';
import type { Db } from '../../store/store.ts';
import { refuseConditions } from '../http/conditions.ts';
import { type RawQuery, pageLinks, parseFields, parseListQuery } from '../http/list-query.ts';
import { type Call, callOf, rowFor } from './collection.ts';
import type { OctaviaOptions } from './context.ts';
import { replaceAmphorae } from './failover.ts';
import { authorize } from './policy.ts';
import { select } from './view.ts';
import { type View, viewer } from './viewer.ts';
import { write } from './write.ts';

/** To be registered beside the load balancers: its paths are below /octavia, not below /lbaas. */
export function registerAmphorae(app: FastifyInstance, options: OctaviaOptions): void {
  app.get('/octavia/amphorae', async (request) => listAmphorae(callOf(options, request), `${options.baseUrl(request)}/v2.0/octavia/amphorae`));
  app.get('/octavia/amphorae/:id', async (request) => show(callOf(options, request)));
  app.get('/octavia/amphorae/:id/stats', async (request) => statistics(callOf(options, request)));
  app.put('/octavia/amphorae/:id/config', async (request, reply) => {
    refuseConditions(request);
    await compareAnew(callOf(options, request));
    return reply.code(202).send();
  });
  app.put('/octavia/amphorae/:id/failover', async (request, reply) => {
    refuseConditions(request);
    await failOver(callOf(options, request));
    return reply.code(202).send();
  });
  app.delete('/octavia/amphorae/:id', async (request, reply) => {
    refuseConditions(request);
    await remove(callOf(options, request));
    return reply.code(204).send();
  });
}

async function listAmphorae(call: Call, self: string): Promise<View> {
  const { options, query } = call;
  // An amphora has no project of its own: asked for one, those of the project's balancers are meant.
  const { project_id: project, ...others } = query;
  const { stored, computed } = parted(others);
  const request = parseListQuery(amphora, stored, options.maxLimit);
  authorize(call, 'amphora:get_all', call.caller.projectId);
  const where = [...request.query.where, ...(await ofProjects(options.store.db, project))];
  const limit = computed.length === 0 ? request.query.limit : null;
  const rows = await list(options.store.db, amphora, { ...request.query, where, limit });
  const views = (await viewAmphorae(options.store.db, rows)).filter((view) => computed.every((asked) => holds(view, asked)));
  const page = request.query.limit === null ? views : views.slice(0, request.query.limit);
  const ids = page.map(({ id }) => String(id));
  return { [amphora.collection]: page.map((view) => select(view, request.fields)), [amphora.links]: pageLinks(self, query, request, ids) };
}

type Asked = readonly [name: string, values: readonly string[]];

/** Octavia filters by every attribute; some of ours come from other rows, or are what a namespace never has. */
function parted(query: RawQuery): { stored: RawQuery; computed: Asked[] } {
  const isComputed = (name: string): boolean => Object.hasOwn(amphora.fields, name) && amphora.fields[name as 'id'].place === ('computed' as Place);
  const entries = Object.entries(query);
  return {
    stored: Object.fromEntries(entries.filter(([name]) => !isComputed(name))),
    computed: entries.filter(([name]) => isComputed(name)).map(([name, value]): Asked => [name, [value ?? []].flat()]),
  };
}

function holds(view: View, [name, values]: Asked): boolean {
  // As text: true, 7 and an id are asked for as they are shown.
  const value = JSON.stringify(view[name] ?? null).replace(/^"(.*)"$/, '$1');
  return view[name] !== null && values.some((asked) => asked.toLowerCase() === value.toLowerCase());
}

async function ofProjects(db: Db, project: string | string[] | undefined): Promise<{ column: string; anyOf: string[] }[]> {
  if (project === undefined) return [];
  const balancers = await Promise.all([project].flat().map((id) => balancersOfProject(db, id)));
  return [{ column: 'loadbalancer_id', anyOf: balancers.flat() }];
}

async function show(call: Call): Promise<View> {
  const row = await amphoraFor(call, 'amphora:get_one');
  const [view = {}] = await viewAmphorae(call.options.store.db, [row]);
  return { [amphora.name]: select(view, parseFields(amphora, call.query['fields'])) };
}

type AmphoraRule = 'amphora:get_one' | 'amphora:put_config' | 'amphora:put_failover' | 'amphora:delete';

async function amphoraFor(call: Call, rule: AmphoraRule, db: Db = call.options.store.db): Promise<Amphora> {
  return rowFor(amphora, call, call.params['id'] ?? '', rule, [], db);
}

const view = viewer(amphora);

/** Of the attributes that come from elsewhere, all that a namespace has; the others are null. */
async function viewAmphorae(db: Db, rows: readonly Amphora[]): Promise<View[]> {
  const places = await placesOf(
    db,
    rows.map((row) => row.loadbalancer_id),
  );
  return rows.map((row) => {
    const place = places.get(row.loadbalancer_id);
    return {
      ...view(row, { ha_port_id: place?.vip_port_id ?? null, cached_zone: place?.availability_zone ?? null, cert_busy: false }),
      compute_id: placeOf(row),
    };
  });
}

async function statistics(call: Call): Promise<View> {
  authorize(call, 'amphora:get_stats', call.caller.projectId);
  const id = call.params['id'] ?? '';
  const rows = await amphoraStatistics(call.options.store.db, id);
  if (rows.length === 0) throw fault.notFound('Amphora stats for', id);
  return { amphora_stats: rows };
}

/** An amphora here has no agent whose options could change: what it runs is compared at once with what it should run. */
async function compareAnew(call: Call): Promise<void> {
  await write(call, async (tx) => {
    const { loadbalancer_id } = await amphoraFor(call, 'amphora:put_config', tx.db);
    tx.changed.add(loadbalancer_id);
  });
}

async function failOver(call: Call): Promise<void> {
  await write(call, async (tx) => {
    const row = await amphoraFor(call, 'amphora:put_failover', tx.db);
    await replaceAmphorae(tx, row.loadbalancer_id, [row]);
  });
}

/** Octavia's rule: what carries traffic is failed over, not deleted. */
const DELETABLE: readonly AmphoraStatus[] = ['READY', 'ERROR'];

async function remove(call: Call): Promise<void> {
  await write(call, async (tx) => {
    const row = await amphoraFor(call, 'amphora:delete', tx.db);
    if (!DELETABLE.includes(row.status)) throw fault.immutable(amphora.name, row.id);
    await replaceAmphorae(tx, row.loadbalancer_id, [row]);
  });
}
