/**
 * Bodies from schemas: such as the schema allows, and such with one thing in them that it does not. Where a schema cannot
 * say which ids exist, a `Pick` stands for one that does, to be chosen when the request is sent.
 */
import fc from 'fast-check';
import type { JsonSchema } from '../src/model/field.ts';
import { resolved } from './contract-document.fixture.ts';

/** Stands for the id (or the name) of something that is there. */
export class Pick {
  readonly kind: string;
  readonly at: number;
  constructor(kind: string, at: number) {
    this.kind = kind;
    this.at = at;
  }
}

const KIND_OF: Readonly<Record<string, string>> = {
  loadbalancer_id: 'loadbalancer',
  listener_id: 'listener',
  pool_id: 'pool',
  default_pool_id: 'pool',
  redirect_pool_id: 'pool',
  flavor_id: 'flavor',
  flavor_profile_id: 'flavorprofile',
  availability_zone: 'availability_zone',
  availability_zone_profile_id: 'availability_zone_profile',
  vip_subnet_id: 'subnet',
  subnet_id: 'subnet',
  vip_network_id: 'network',
};

/** Kinds whose names stand for ids: the schema cannot say which names there are. */
const NAMED = ['subnet', 'network'];
const strangers = fc.oneof(fc.uuid(), fc.constant(null));

function someOf(kind: string): fc.Arbitrary<Pick> {
  return fc.nat(1000).map((at) => new Pick(kind, at));
}

const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([address, length]) => `${address}/${length}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })).map(([address, length]) => `${address}/${length}`),
);
const headers = fc.uniqueArray(fc.constantFrom('X-Forwarded-For', 'X-Forwarded-Port', 'X-Forwarded-Proto'), { maxLength: 3 });

/** What a schema cannot say of a value, or says too widely for most values to be of use, by the attribute's name. */
const USEFUL: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  // Few of all that might be: the subnet is small, and answers what is not in it in words of its own.
  vip_address: fc.constantFrom(null, null, null, '192.0.2.77', '192.0.2.78', '198.51.100.1'),
  provider: fc.constantFrom('noop', 'noop', 'noop', 'noop', 'octavia', 'unknown'),
  provider_name: fc.constantFrom('noop', 'noop', 'octavia', 'unknown'),
  flavor_data: fc.constantFrom('{}', '{}', '{"loadbalancer_topology": "SINGLE"}', '[]', 'no JSON'),
  availability_zone_data: fc.constantFrom('{}', '{}', '{"valid_vip_networks": []}', 'null'),
  allowed_cidrs: fc.array(cidr, { maxLength: 4 }),
  insert_headers: headers.map((names) => Object.fromEntries(names.map((name) => [name, 'true']))),
  tls_ciphers: fc.constantFrom('ECDHE-RSA-AES128-GCM-SHA256', 'HIGH:!aNULL'),
  url_path: fc.webPath().map((path) => `/${path.slice(0, 200).replaceAll('/', '')}`),
  // Few, so that some are taken and others are not.
  address: fc.constantFrom('192.0.2.10', '192.0.2.11', '192.0.2.12', '2001:db8::1', '2001:DB8::1'),
  protocol_port: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 80, max: 90 })),
  position: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(2_147_483_647)),
  value: fc.constantFrom('/images', 'true', '0', 'www.example.org', '^/a[0-9]+$', '(a+)+', 'a b'),
  key: fc.constantFrom('X-Version', 'CN', 'a b', null),
  vip_qos_policy_id: fc.constant(null),
  vip_sg_ids: fc.constant([]),
  additional_vips: fc.constantFrom([], [], []),
  session_persistence: fc.constantFrom({ type: 'SOURCE_IP' }, { type: 'HTTP_COOKIE' }, { type: 'APP_COOKIE', cookie_name: 'a' }, null),
};

/** Attributes that one can hardly do without, though the schema can: a place to go. */
const WANTED = ['vip_subnet_id', 'loadbalancer_id'];

function text(schema: JsonSchema): fc.Arbitrary<string> {
  const { pattern, minLength = 0, maxLength = 300, format } = schema as { pattern?: string; minLength?: number; maxLength?: number; format?: string };
  if (format === 'uuid') return fc.uuid();
  if (format === 'uri') return fc.domain().map((domain) => `https://${domain}/`);
  if (format === 'ipv4') return fc.ipV4();
  // ::192.0.2.1 is IPv4 in disguise, which no list of formats tells apart.
  if (format === 'ipv6') return fc.ipV6().filter((address) => !address.includes('.'));
  const most = Math.min(maxLength, 300);
  // A pattern that says only what a text is not is no recipe for one.
  const recipe = pattern !== undefined && !pattern.includes('(?!');
  if (recipe) return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length >= minLength && length <= most);
  // Letters of all alphabets, but no NUL.
  const unit = fc.string({ unit: 'grapheme-ascii', minLength, maxLength: Math.min(most, 40) });
  const odd = fc.constantFrom('ünïcødé', '日本語', 'x'.repeat(most), '🦊'.repeat(most), '').filter(({ length }) => length >= minLength);
  return fc.oneof(unit, odd).filter((value) => new RegExp(pattern ?? '').test(value));
}

/** Values that the schema allows; `name` is the attribute's. */
export function valid(schema: JsonSchema, name = '', depth = 0): fc.Arbitrary<unknown> {
  const kind = KIND_OF[name];
  if (kind && resolved(schema)['properties'] === undefined)
    return fc.oneof({ weight: 9, arbitrary: someOf(kind) }, { weight: 1, arbitrary: NAMED.includes(kind) ? strangers : bySchema(schema, depth) });
  return USEFUL[name] ?? bySchema(schema, depth);
}

function bySchema(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const target = resolved(schema);
  if (Array.isArray(target['enum'])) return fc.constantFrom(...(target['enum'] as unknown[]));
  if (Array.isArray(target['anyOf']))
    return fc.oneof(...(target['anyOf'] as JsonSchema[]).map((choice) => bySchema({ ...target, anyOf: undefined, ...choice }, depth)));
  return BY_TYPE[String(target['type'])]?.(target, depth) ?? fc.constant(null);
}

const BY_TYPE: Readonly<Record<string, (schema: JsonSchema, depth: number) => fc.Arbitrary<unknown>>> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  integer: ({ minimum = -1000, maximum = 1_000_000 }) => fc.integer({ min: Number(minimum), max: Math.min(Number(maximum), 2 ** 31 - 1) }),
  number: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
  string: text,
  array: ({ items, maxItems = 3 }, depth) =>
    depth > 3 ? fc.constant([]) : fc.array(valid(items as JsonSchema, '', depth + 1), { maxLength: Math.min(3, Number(maxItems)) }),
  object: objects,
};

/** What is required, and a few of the others: with all at once nothing would fit together. */
function objects(schema: JsonSchema, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: string[] };
  const names = Object.keys(properties);
  const must = [...new Set([...required, ...names.filter((name) => WANTED.includes(name))])];
  const may = names.filter((name) => !must.includes(name));
  const values = (chosen: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
    fc.record(Object.fromEntries(chosen.map((name) => [name, valid(properties[name] ?? {}, name, depth + 1)])));
  return fc.subarray(may, { maxLength: Math.min(may.length, 3) }).chain((chosen) => values([...must, ...chosen]));
}

/** One attribute with a value that it cannot have, whatever Octavia's type layer would still understand. */
export interface Spoilt {
  readonly body: unknown;
  /** Attribute that the refusal must name. */
  readonly field: string;
}

/** The body with one attribute spoilt, one too many or one too few. `root`: the only attribute of the envelope. */
export function spoilt(schema: JsonSchema): fc.Arbitrary<Spoilt> {
  const [root = ''] = Object.keys(resolved(schema)['properties'] ?? {});
  const inner = resolved((resolved(schema)['properties'] as Record<string, JsonSchema>)[root] ?? {});
  const { properties = {}, required = [] } = inner as { properties?: Record<string, JsonSchema>; required?: string[] };
  const wrongs = Object.entries(properties).flatMap(([field, one]) => wrongFor(one).map((value) => ({ field, value })));
  const change: fc.Arbitrary<{ field: string; apply: (object: Record<string, unknown>) => Record<string, unknown> }> = fc.oneof(
    fc.constantFrom(...wrongs).map(({ field, value }) => ({ field, apply: (object: Record<string, unknown>) => ({ ...object, [field]: value }) })),
    fc
      .constantFrom('colour', 'id', 'generation', 'created_at')
      .map((field) => ({ field, apply: (object: Record<string, unknown>) => ({ ...object, [field]: 1 }) })),
    ...(required.length === 0
      ? []
      : [fc.constantFrom(...required).map((field) => ({ field, apply: (object: Record<string, unknown>) => without(object, field) }))]),
  );
  return fc.tuple(valid(inner), change).map(([object, { field, apply }]) => ({ body: { [root]: apply(object as Record<string, unknown>) }, field }));
}

function without(object: Record<string, unknown>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

const ANY_WRONG: Readonly<Record<string, readonly unknown[]>> = {
  boolean: ['perhaps', 2, [], {}],
  integer: ['many', 1.5, [], {}, true, '1e3'],
  number: ['fast', [1, 2], { a: 1 }],
  string: [5, true, [], {}, 'nul\0', '\ud800'],
  array: ['a', 5, {}, [[]]],
  object: ['a', 5, []],
};

/** Values that fit nothing the schema allows. */
function wrongFor(schema: JsonSchema): unknown[] {
  const all = (schema['type'] === undefined && (schema['anyOf'] as JsonSchema[] | undefined)) || [schema];
  const choices = all.map(resolved).filter(({ type }) => type !== 'null');
  const [only] = choices;
  if (!only || choices.length > 1) return [];
  const nothing = all.length > choices.length ? [] : [null];
  return [...nothing, ...(ANY_WRONG[String(only['type'])] ?? []), ...beyond(only)];
}

function beyond({ minimum, maximum, maxLength, enum: names, format, maxItems, items, anyOf }: JsonSchema): unknown[] {
  return [
    // A choice of formats.
    ...(anyOf === undefined ? [] : ['nonsense', '']),
    ...(minimum === undefined ? [] : [Number(minimum) - 1]),
    ...(maximum === undefined ? [] : [Number(maximum) + 1]),
    ...(maxLength === undefined ? [] : ['x'.repeat(Number(maxLength) + 1)]),
    ...(names === undefined ? [] : ['NONSENSE', '']),
    ...(format === undefined ? [] : ['nonsense', '']),
    ...(maxItems === undefined ? [] : [Array.from({ length: Number(maxItems) + 1 }, () => firstOf(items as JsonSchema))]),
  ];
}

function firstOf(schema: JsonSchema): unknown {
  const { type, enum: names, format } = resolved(schema) as { type?: string; enum?: unknown[]; format?: string };
  if (names) return names[0];
  if (format === 'uuid') return '00000000-0000-4000-8000-000000000000';
  return type === 'object' ? {} : 'a';
}
