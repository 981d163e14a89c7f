/** Errors in Neutron's shape, `{"NeutronError": {"type", "message", "detail"}}`, and those whose words are its own. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { type OwnWords, frameworkFault } from '../http/framework-fault.ts';

/** A fault that knows the name of Neutron's exception, which some clients match on. */
export class NeutronFault extends Fault {
  readonly type: string;
  constructor(type: string, status: number, message: string) {
    super(type, status, message);
    this.type = type;
  }
}

const inUse = (type: string, noun: string, id: string, detail: string): NeutronFault =>
  new NeutronFault(type, 409, `Unable to complete operation on ${noun} ${id}${detail}`);

/** Of these Neutron says that they do not exist; of all others that they could not be found. */
const NONEXISTENT = /^Security group/;

/** `Security group rule` → `SecurityGroupRule`. */
function typeOfTitle(title: string): string {
  return title.replace(/(^| )(\w)/g, (_, _space, letter: string) => letter.toUpperCase());
}

export const neutron = {
  notFound: (title: string, id: string): Fault =>
    new NeutronFault(
      `${typeOfTitle(title)}NotFound`,
      404,
      `${title} ${id.slice(0, 255)} ${NONEXISTENT.test(title) ? 'does not exist' : 'could not be found.'}`,
    ),
  invalid: (detail: string): Fault => new NeutronFault('InvalidInput', 400, `Invalid input for operation: ${detail}.`),
  bad: (resource: string, detail: string): Fault => new NeutronFault('BadRequest', 400, `Bad ${resource} request: ${detail}.`),
  notAllowed: (rule: string): Fault => new NeutronFault('PolicyNotAuthorized', 403, `rule:${rule} is disallowed by policy`),
  adminRequired: (reason: string): Fault => new NeutronFault('AdminRequired', 403, `User does not have admin privileges: ${reason}`),
  overQuota: (name: string): Fault => new NeutronFault('OverQuota', 409, `Quota exceeded for resources: ['${name}'].`),
  invalidQuota: (name: string, limit: number, used: number): Fault =>
    new NeutronFault('InvalidQuotaValue', 409, `Quota limit ${limit} of ${name} is below the ${used} in use.`),
  subnetInUse: (id: string, reason: string): Fault => inUse('SubnetInUse', 'subnet', id, `: ${reason}`),
  networkInUse: (id: string): Fault => inUse('NetworkInUse', 'network', id, '. There are one or more ports still in use on the network.'),
  sharedInUse: (id: string): Fault =>
    new NeutronFault('InvalidSharedSetting', 409, `Unable to reconfigure sharing settings for network ${id}. Multiple tenants are using it.`),
  externalInUse: (id: string): Fault =>
    new NeutronFault('ExternalNetworkInUse', 409, `External network ${id} cannot be updated to be made non-external, since it has existing gateway ports.`),
  portInUse: (id: string, reason: string): Fault =>
    new NeutronFault('ServicePortInUse', 409, `Port ${id} cannot be changed or deleted directly via the port API: ${reason}.`),
  portTaken: (id: string, networkId: string, deviceId: string): Fault =>
    new NeutronFault('PortInUse', 409, `Unable to complete operation on port ${id} for network ${networkId}. Port already has an attached device ${deviceId}.`),
  macInUse: (networkId: string, mac: string): Fault =>
    new NeutronFault('MacAddressInUse', 409, `Unable to complete operation for network ${networkId}. The mac address ${mac} is in use.`),
  gatewayInUse: (address: string, portId: string): Fault =>
    new NeutronFault('GatewayIpInUse', 409, `Current gateway ip ${address} already in use by port ${portId}. Unable to update.`),
  gatewayInPool: (gateway: string, start: string, end: string): Fault =>
    new NeutronFault('GatewayConflictWithAllocationPools', 409, `Gateway ip ${gateway} conflicts with allocation pool ${start}-${end}.`),
  poolOutside: (start: string, end: string, cidr: string): Fault =>
    new NeutronFault('OutOfBoundsAllocationPool', 400, `The allocation pool ${start}-${end} spans beyond the subnet cidr ${cidr}.`),
  poolBackwards: (start: string, end: string): Fault => new NeutronFault('InvalidAllocationPool', 400, `The allocation pool ${start}-${end} is not valid.`),
  poolsOverlap: (cidr: string): Fault => new NeutronFault('OverlappingAllocationPools', 409, `Found overlapping allocation pools for subnet ${cidr}.`),
  tagNotFound: (tag: string): Fault => new NeutronFault('TagNotFound', 404, `Tag ${tag} could not be found.`),
} as const;

/** Neutron's names for faults of the common catalogue. */
const TYPES: Readonly<Record<string, string>> = {
  address_in_use: 'IpAddressInUse',
  no_address_left: 'IpAddressGenerationFailure',
  // The only thing on a network that the store itself finds in use.
  in_use: 'MacAddressInUse',
  forbidden: 'PolicyNotAuthorized',
  not_found: 'HTTPNotFound',
  no_such_path: 'HTTPNotFound',
  method_not_allowed: 'HTTPMethodNotAllowed',
  body_too_large: 'HTTPRequestEntityTooLarge',
};

const WORDS: OwnWords = {
  bad: (status, message) => new NeutronFault('HTTPBadRequest', status, message),
  internal: () => new NeutronFault('HTTPInternalServerError', 500, 'Request Failed: internal server error while processing your request.'),
};

export function answerError(error: FastifyError | Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = error instanceof Fault ? error : frameworkFault(error, request, WORDS);
  return reply.code(known.status).send(bodyOf(known));
}

/** A missing token is refused in front of Neutron, by keystonemiddleware, in that one's shape. */
function bodyOf(known: Fault): object {
  if (known.status === 401) return { error: { code: 401, title: 'Unauthorized', message: known.message } };
  return { NeutronError: { type: typeOf(known), message: known.message, detail: '' } };
}

function typeOf(known: Fault): string {
  if (known instanceof NeutronFault) return known.type;
  return TYPES[known.code] ?? (known.status < 500 ? 'HTTPBadRequest' : 'HTTPInternalServerError');
}
