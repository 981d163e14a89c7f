/** One example of every fault of the catalogue. The type makes a fault without one a compile error. */
import { type Fault, type FaultCode, fault } from '../../src/model/fault.ts';

type Examples = { readonly [C in FaultCode]: Parameters<(typeof fault)[C]> };

const ID = '4f2d5b1e-8f3c-4f0a-9d0e-6a3f1c2b7d90';
const OTHER = '9b1e7c52-3d44-4a65-8c0f-2f8f6f0a1b23';

const EXAMPLES: Examples = {
  invalidJson: [],
  bodyShape: ['more than 64 lists or objects within each other'],
  invalidInput: ['protocol_port', 70_000, 'Value should be lower or equal to 65535'],
  unknownAttribute: ['listener', ['prtocol']],
  unknownArgument: [['listner']],
  missingArgument: ['listener_'],
  validation: ["The pool protocol 'UDP' is invalid while the listener protocol is 'HTTP'."],
  invalidOption: ['round', 'lb_algorithm'],
  invalidFilter: [],
  invalidSortKey: ['colour'],
  invalidSortDirection: ['up'],
  invalidMarker: [ID],
  invalidLimit: ['many'],
  subnetNotFound: [ID],
  providerDisabled: ['ovn'],
  flavorProvider: [ID, 'octavia'],
  certificateNotRetrieved: [[`https://cloud.example.org/key-manager/v1/secrets/${ID}`], ''],
  bodyTooLarge: [],
  notAcceptable: [],
  unsupportedMediaType: ['text/plain'],
  unauthorized: [],
  forbidden: [],
  quotaMet: [['Load Balancer', 'Pool']],
  notFound: ['Load Balancer', ID],
  noSuchParent: ['Pool', ID],
  noSuchPath: ['/load-balancer/v2.0/lbaas/nothing'],
  methodNotAllowed: ['PATCH'],
  immutable: ['Load Balancer', ID],
  invalidState: ['PENDING_DELETE', 'loadbalancer', ID],
  duplicateListener: ['HTTP', 80],
  duplicateMember: ['192.0.2.10', 80],
  duplicateMonitor: [],
  defaultPoolTaken: [],
  poolInUse: [ID, `listener ${OTHER}`],
  tooManyRules: [ID],
  vipInUse: ['192.0.2.5'],
  addressInUse: ['192.0.2.5', ID],
  noAddressLeft: [ID],
  disabledOption: ['type', 'PING'],
  tooManyServers: [ID, 100_001, 100_000],
  listenerWithoutChildren: [],
  l7PolicyArguments: ['redirect_url must not be None'],
  l7Rule: ['Invalid characters in key'],
  preconditionFailed: [],
  subresourceNotFound: ['Port', ID],
  dryRunElsewhere: [],
  ifMatchElsewhere: [],
  unknownMethod: ['PROPFIND'],
  unknownParameter: ['sinc', ['since', 'limit']],
  doubleParameter: ['since'],
  inUse: ['Network', ID, 'There are one or more ports still in use on the network.'],
  alreadyExists: ['flavor', 'large'],
  recordInUse: ['Flavor', ID],
  noAgentPort: [],
  unsupportedOption: ['octavia', 'TERMINATED_HTTPS'],
  unsupportedAction: ['octavia', 'failover'],
  driver: ['octavia', 'haproxy refused the configuration'],
  unavailable: ['The server is stopping.'],
  internal: [],
};

/** All faults in the order of the catalogue, each with an example message. */
export function exampleFaults(): Fault[] {
  return (Object.keys(fault) as FaultCode[]).map((name) => {
    const make = fault[name] as (...args: unknown[]) => Fault;
    return make(...EXAMPLES[name]);
  });
}
