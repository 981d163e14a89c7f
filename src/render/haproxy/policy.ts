/**
 * L7 policies → the part of a frontend that chooses what happens to a request. Which policy wins is Octavia's order
 * (octavia-api reference §3.4): what is refused is refused first (403), then clients are sent elsewhere, then pools are
 * chosen, each group by position. HAProxy runs the groups in this order anyway, so the file says so too.
 */
import { REDIRECT_CODES } from '../../model/l7-policy.ts';
import type { ListenerTopology, PolicyTopology, PoolTopology } from '../../model/topology.ts';
import { type Argument, checkedName, condition, integer, name, text, word } from './argument.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';
import type { Directive } from './directive.ts';
import { enabledPool } from './enabled-pool.ts';
import { frontendMode } from './mode.ts';
import { aclName, backendName } from './names.ts';
import { ruleAcls } from './rule.ts';

/** What a Location may begin with; blanks and whatever else would end it are not in it. */
const WEB_ADDRESS = /^https?:\/\/[\x21-\x7e]+$/i;

/**
 * Without those whose pool is switched off: as in Octavia their requests are treated as if there were no such policy.
 * Throws a CompileError for a pool that is not there.
 */
export function carriedPolicies(listener: ListenerTopology, pools: ReadonlyMap<string, PoolTopology>): PolicyTopology[] {
  return listener.policies.filter(({ action, redirectPool }) => action !== 'REDIRECT_TO_POOL' || enabledPool(redirectPool ?? '', pools) !== null);
}

/** Throws a CompileError when something cannot be carried or written. */
export function policyDirectives(listener: ListenerTopology, policies: readonly PolicyTopology[]): Directive[] {
  if (frontendMode(listener) !== 'http') throw new CompileError(`listener ${checkedName(listener.id)}: L7 policies need HTTP`);
  const of = (...actions: PolicyTopology['action'][]): PolicyTopology[] => policies.filter(({ action }) => actions.includes(action));
  return [
    ...policies.flatMap(({ rules }) => rules.flatMap(ruleAcls)),
    ...of('REJECT').map((policy): Directive => [word('http-request'), word('deny'), ...conditions(policy)]),
    ...of('REDIRECT_TO_URL', 'REDIRECT_PREFIX').map((policy): Directive => [word('redirect'), ...redirection(policy), ...conditions(policy)]),
    ...of('REDIRECT_TO_POOL').map((policy): Directive => [word('use_backend'), target(policy, listener), ...conditions(policy)]),
  ];
}

/**
 * In a `redirect` the address is taken as it is; in an `http-request redirect` it would be a log-format. A prefix is
 * followed by the request's path and query.
 */
function redirection(policy: PolicyTopology): Argument[] {
  const { action, redirectUrl, redirectPrefix, redirectCode } = policy;
  const [kind, address] = action === 'REDIRECT_PREFIX' ? [word('prefix'), redirectPrefix] : [word('location'), redirectUrl];
  if (address === null || !WEB_ADDRESS.test(address)) throw refusal(policy, 'address', address);
  if (!REDIRECT_CODES.some((code) => code === redirectCode)) throw refusal(policy, 'code', redirectCode);
  return [word('code'), integer(redirectCode ?? 0, 301, 308), kind, text(address)];
}

function target({ redirectPool }: PolicyTopology, { id }: ListenerTopology): Argument {
  return name(backendName(redirectPool ?? '', id));
}

function conditions(policy: PolicyTopology): Argument[] {
  // Without a condition it would apply to everything.
  if (policy.rules.length === 0) throw refusal(policy, 'list of rules', []);
  return [word('if'), ...policy.rules.map(({ id, invert }) => condition(aclName(id), invert))];
}

function refusal({ id }: PolicyTopology, what: string, value: unknown): CompileError {
  return new CompileError(`not a valid ${what} of L7 policy ${checkedName(id)}: ${shown(value)}`);
}
