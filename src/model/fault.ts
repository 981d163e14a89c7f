/**
 * The catalogue of coded errors. Code matches on `code`, people read `message`, the HTTP faces turn a fault into the
 * body their clients expect. Wording is Octavia's where Octavia has one (octavia-api reference §2.9).
 */

export class Fault extends Error {
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = 'Fault';
    this.code = code;
    this.status = status;
  }
}

function declare<A extends unknown[]>(code: string, status: number, message: (...args: A) => string): (...args: A) => Fault {
  return (...args) => new Fault(code, status, message(...args));
}

/** Characters of a value that a message shows: an error must not echo a megabyte back. */
const SHOWN_LENGTH = 255;

/** Brackets a message follows: a client may send a hundred thousand, and no recursion goes that deep. */
const SHOWN_DEPTH = 8;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : value === undefined ? 'None' : JSON.stringify(pruned(value, SHOWN_DEPTH, { values: SHOWN_LENGTH }));
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
}

/**
 * What is not shown is left out before anything is made of it: the value may be the whole of a large request. Every
 * value takes a character at least, so as many as there are characters fill the message.
 */
function pruned(value: unknown, depth: number, left: { values: number }): unknown {
  left.values -= 1;
  if (typeof value === 'string') return value.slice(0, SHOWN_LENGTH + 1);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) return first(value, left).map((item) => pruned(item, depth - 1, left));
  const names = first(Object.keys(value), left);
  return Object.fromEntries(names.map((name) => [name.slice(0, SHOWN_LENGTH + 1), pruned((value as Record<string, unknown>)[name], depth - 1, left)]));
}

function first<T>(items: readonly T[], { values }: { values: number }): readonly T[] {
  return items.slice(0, Math.max(values, 0));
}

/** Names in a message, of which a request may have a hundred thousand. */
function listed(names: readonly string[]): string {
  return shown(names.slice(0, SHOWN_LENGTH).join(', '));
}

export const fault = {
  // Shape of the request.
  invalidJson: declare('invalid_json', 400, () => 'Request is not in valid JSON format'),
  bodyShape: declare('body_shape', 400, (detail: string) => `The request body has ${detail}`),
  invalidInput: declare(
    'invalid_input',
    400,
    (field: string, value: unknown, reason: string) => `Invalid input for field/attribute ${shown(field)}. Value: '${shown(value)}'. ${reason}`,
  ),
  unknownAttribute: declare(
    'unknown_attribute',
    400,
    (argument: string, names: readonly string[]) => `Unknown attribute(s) for argument ${argument}: ${listed(names)}`,
  ),
  unknownArgument: declare('unknown_argument', 400, (names: readonly string[]) => `Unknown argument: "${listed(names)}"`),
  missingArgument: declare('missing_argument', 400, (name: string) => `Missing argument: "${name}"`),
  validation: declare('validation', 400, (detail: string) => `Validation failure: ${detail}`),
  invalidOption: declare('invalid_option', 400, (value: string, option: string) => `${value} is not a valid option for ${option}`),
  invalidFilter: declare('invalid_filter', 400, () => 'One or more arguments are either duplicate or invalid'),
  unknownParameter: declare(
    'unknown_parameter',
    400,
    (name: string, known: readonly string[]) => `There is no argument ${shown(name)} here. There are: ${known.join(', ')}`,
  ),
  doubleParameter: declare('double_parameter', 400, (name: string) => `The argument ${shown(name)} is given more than once`),
  invalidSortKey: declare('invalid_sort_key', 400, (key: string) => `Sort key value invalid: ${shown(key)}`),
  invalidSortDirection: declare('invalid_sort_direction', 400, (direction: string) => `Sort direction must be asc or desc: ${shown(direction)}`),
  invalidMarker: declare('invalid_marker', 400, (marker: string) => `Invalid marker: ${shown(marker)}`),
  invalidLimit: declare('invalid_limit', 400, (limit: string) => `Invalid limit: ${shown(limit)}`),
  subresourceNotFound: declare('subresource_not_found', 400, (kind: string, id: string) => `${kind} ${shown(id)} not found.`),
  disabledOption: declare(
    'disabled_option',
    400,
    (option: string, value: string) => `The selected ${option} is not allowed in this deployment: ${shown(value)}`,
  ),
  l7PolicyArguments: declare('l7_policy_arguments', 400, (reason: string) => `Invalid L7 Policy arguments: ${reason}`),
  l7Rule: declare('l7_rule', 400, (reason: string) => `Error parsing L7Rule: ${reason}`),
  tooManyServers: declare(
    'too_many_servers',
    400,
    (balancer: string, servers: number, most: number) =>
      `Validation failure: Load Balancer ${balancer} would have ${servers} servers, counting each member once for every listener that sends to its pool. At most ${most} are carried.`,
  ),
  listenerWithoutChildren: declare('listener_without_children', 400, () => 'Protocol PROMETHEUS listeners cannot have child objects.'),
  subnetNotFound: declare('subnet_not_found', 400, (id: string) => `Subnet ${shown(id)} not found.`),
  providerDisabled: declare('provider_disabled', 400, (provider: string) => `Provider '${shown(provider)}' is not enabled.`),
  flavorProvider: declare(
    'flavor_provider',
    400,
    (flavor: string, provider: string) => `Flavor '${flavor}' is not compatible with provider '${shown(provider)}'`,
  ),
  certificateNotRetrieved: declare(
    'certificate_not_retrieved',
    400,
    (refs: readonly string[], reason: string) =>
      `Could not retrieve certificate: [${refs.map((ref) => `'${shown(ref)}'`).join(', ')}]${reason === '' ? '' : ` (${shown(reason)})`}`,
  ),
  bodyTooLarge: declare('body_too_large', 413, () => 'Request is too large.'),
  notAcceptable: declare('not_acceptable', 406, () => 'Only content type application/json is accepted.'),
  unsupportedMediaType: declare('unsupported_media_type', 415, (type: string) => `Unknown mimetype: ${shown(type)}`),

  // Who may.
  unauthorized: declare('unauthorized', 401, () => 'The request you have made requires authentication.'),
  forbidden: declare('forbidden', 403, () => 'Policy does not allow this request to be performed.'),
  quotaMet: declare('quota_met', 403, (titles: readonly string[]) => `Quota has been met for resources: ${titles.join(', ')}`),

  // What is there.
  notFound: declare('not_found', 404, (title: string, id: string) => `${title} ${shown(id)} not found.`),
  /** A parent in the path; Octavia answers it in its router's shape. */
  noSuchParent: declare('no_such_parent', 404, (title: string, id: string) => `${title} ${shown(id)} not found.`),
  noSuchPath: declare('no_such_path', 404, (path: string) => `The resource could not be found. There is no ${shown(path)} here.`),
  methodNotAllowed: declare('method_not_allowed', 405, (method: string) => `The method ${method} is not allowed for this resource.`),
  /** RFC 9110 §15.6.2: one that is allowed nowhere. */
  unknownMethod: declare('unknown_method', 501, (method: string) => `The method ${shown(method)} is not known here.`),
  immutable: declare('immutable', 409, (title: string, id: string) => `${title} ${id} is immutable and cannot be updated.`),
  invalidState: declare('invalid_state', 409, (state: string, resource: string, id: string) => `Invalid state ${state} of ${resource} resource ${id}`),
  duplicateListener: declare(
    'duplicate_listener',
    409,
    (protocol: string, port: number) => `Another Listener on this Load Balancer is already using protocol ${protocol} and protocol_port ${port}`,
  ),
  duplicateMember: declare(
    'duplicate_member',
    409,
    (address: string, port: number) => `Another member on this pool is already using ip ${address} on protocol_port ${port}`,
  ),
  duplicateMonitor: declare('duplicate_monitor', 409, () => 'This pool already has a health monitor'),
  defaultPoolTaken: declare('default_pool_taken', 409, () => 'This listener already has a default pool'),
  poolInUse: declare('pool_in_use', 409, (pool: string, policy: string) => `Pool ${pool} is in use by L7 policy ${policy}`),
  tooManyRules: declare('too_many_rules', 409, (policy: string) => `Too many rules on L7 policy ${policy}`),
  vipInUse: declare('vip_in_use', 409, (address: string) => `The VIP IP address is already in use: ${address}`),
  addressInUse: declare(
    'address_in_use',
    409,
    (address: string, network: string) => `Unable to complete operation for network ${network}. The IP address ${address} is in use.`,
  ),
  noAddressLeft: declare('no_address_left', 409, (network: string) => `No more IP addresses available on network ${network}.`),
  preconditionFailed: declare('precondition_failed', 412, () => 'The object has changed since it was read: read it again.'),
  inUse: declare('in_use', 409, (title: string, id: string, detail: string) => `Unable to complete operation on ${title} ${id}: ${detail}`),
  alreadyExists: declare('already_exists', 409, (kind: string, name: string) => `A ${kind} of ${shown(name)} already exists.`),
  noAgentPort: declare('no_agent_port', 501, () => 'No host can join: no port for agents is configured ([agents] bind_port).'),
  recordInUse: declare('record_in_use', 409, (title: string, id: string) => `${title} ${shown(id)} is in use and cannot be modified.`),

  // What can be done.
  unsupportedOption: declare(
    'unsupported_option',
    501,
    (provider: string, detail: string) => `Provider '${provider}' does not support a requested option: ${detail}`,
  ),
  unsupportedAction: declare(
    'unsupported_action',
    501,
    (provider: string, detail: string) => `Provider '${provider}' does not support a requested action: ${detail}`,
  ),
  ifMatchElsewhere: declare('if_match_elsewhere', 501, () => 'What this would change has no ETag to match. Nothing was changed.'),
  dryRunElsewhere: declare('dry_run_elsewhere', 501, () => 'Only writes of the load-balancing API can be asked for their plan. Nothing was changed.'),
  driver: declare('driver', 500, (provider: string, detail: string) => `Provider '${provider}' reports error: ${detail}`),
  unavailable: declare('unavailable', 503, (detail: string) => detail),
  internal: declare('internal', 500, () => 'An unknown exception occurred.'),
} as const;

export type FaultCode = keyof typeof fault;
