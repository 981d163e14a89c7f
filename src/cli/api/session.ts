/** A login that requests are sent with. The token is kept in memory alone. */
import { isPlainObject } from '../../model/field.ts';
import { CliError } from '../cli-error.ts';
import { type ApiRequest, targetText } from './api-request.ts';
import type { Cloud } from './cloud.ts';
import { STALE } from '../../lab/api-client.ts';
import { type Answer, Refusal, call, trust } from './http.ts';
import { type Grant, endpointIn, grantIn, identityUrl, loginBody, withoutVersion } from './login.ts';
import { usage } from './option-value.ts';

export interface Session {
  /** What the login is for; null without one. */
  readonly project: Grant['project'];
  /** The load balancers' address, without its version. */
  readonly endpoint: string;
  /** Throws a Refusal when the server says no. */
  send(request: ApiRequest): Promise<Answer>;
  /** Whether it can say what a write would do. Another server than ours would do it instead. */
  canPlan(): Promise<boolean>;
}

export async function logIn(cloud: Cloud): Promise<Session> {
  trust(cloud);
  if (cloud.authType === 'none' || cloud.authType === 'noauth') return openSession(cloud);
  const identity = identityUrl(cloud);
  const answer = await grantFrom(identity, cloud);
  const token = answer.headers.get('x-subject-token');
  if (token === null) throw new CliError(`No token came from ${identity}`);
  const grant = grantIn(answer.body);
  const endpoint = endpointIn(grant, 'load-balancer', cloud);
  if (endpoint === null) throw new CliError(`The catalogue of ${identity} has no load balancers${placeText(cloud)}`, { remedy: REMEDY });
  const elsewhere = { network: endpointIn(grant, 'network', cloud), edge: endpointIn(grant, 'edge', cloud), identity };
  return session(grant.project, endpoint, elsewhere, { 'X-Auth-Token': token });
}

/** Keystone does not say what was wrong: only who is asking knows where it came from. */
async function grantFrom(identity: string, cloud: Cloud): Promise<Answer> {
  try {
    return await call('POST', `${identity}/auth/tokens`, {}, loginBody(cloud));
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    throw new CliError(error.message, { detail: error.detail, remedy: `${secretIn(cloud)} ${STALE}`, cause: error });
  }
}

function secretIn({ auth, source }: Cloud): string {
  if (auth['password'] === undefined) return `The ${auth['token'] === undefined ? 'application credential' : 'token'} in ${source}`;
  return `The password of ${auth['username'] ?? auth['user_id'] ?? 'the user'} in ${source}`;
}

const REMEDY = 'Another region or interface? --os-region-name, --os-interface.';

function placeText({ region, interface: face }: Cloud): string {
  return ` (interface ${face}${region === null ? '' : `, region ${region}`})`;
}

/** A server that asks nobody who they are. */
function openSession({ auth, source }: Cloud): Session {
  const { endpoint } = auth;
  if (endpoint === undefined) throw usage(`${source}: no endpoint`, 'Without a login it must be named: OS_ENDPOINT.');
  return session(null, withoutVersion(endpoint), { network: null, edge: edgeBeside(endpoint), identity: null }, {});
}

/** Other services' addresses; null where there is none. */
type Elsewhere = Readonly<Record<'network' | 'identity' | 'edge', string | null>>;

const OUR_PATH = /\/load-balancer$/;

/** Without a catalogue: where this server has it; null for another one. */
function edgeBeside(endpoint: string): string | null {
  const base = withoutVersion(endpoint);
  return OUR_PATH.test(base) ? base.replace(OUR_PATH, '/edge') : null;
}

function session(project: Grant['project'], endpoint: string, elsewhere: Elsewhere, headers: Readonly<Record<string, string>>): Session {
  return {
    project,
    endpoint,
    async send(request) {
      const base = request.service ? elsewhere[request.service] : endpoint;
      if (base === null) throw missingService(request.service);
      return call(request.method, `${base}${targetText(request)}`, { ...headers, ...request.headers }, request.body);
    },
    canPlan: () => isEdgeweir(endpoint),
  };
}

function missingService(service: ApiRequest['service']): CliError {
  if (service === 'edge') return new CliError('The server is no Edgeweir: it has no hosts');
  return new CliError(`There is no ${service} service to look names up in`, { remedy: 'Give ids instead of names.' });
}

/** Its root says so. */
async function isEdgeweir(endpoint: string): Promise<boolean> {
  try {
    const { body } = await call('GET', `${endpoint.replace(OUR_PATH, '')}/`, {});
    return isPlainObject(body) && isPlainObject(body['edgeweir']);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Refusal && error.status === 404;
}
