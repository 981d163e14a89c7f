/** The hook that tells the faces who is calling: by token, or, with `auth_strategy = noauth`, whoever they say. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { domainById, projectByName, userByName } from '../../store/identity.ts';
import type { Store } from '../../store/store.ts';
import type { Authenticate } from '../http/bearers-only.ts';
import { DEFAULT_DOMAIN } from './bootstrap.ts';
import type { Caller } from './caller.ts';
import type { Tokens } from './tokens.ts';

export interface AuthenticateOptions {
  readonly strategy: 'keystone' | 'noauth';
  readonly store: Store;
  readonly tokens: Tokens;
  /** Address of this server, without a trailing slash. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

const PROJECT_ID = /^[\w.-]{1,36}$/;

/**
 * A hook that puts `request.caller` or throws 401, with the header that points clients to the identity face. The body
 * is the matter of each face's error handler; Octavia and Neutron answer as keystonemiddleware does.
 */
export function authenticate(options: AuthenticateOptions): Authenticate {
  return options.strategy === 'noauth' ? noauth(options.store) : async (request, reply) => byToken(options, request, reply);
}

async function byToken({ tokens, baseUrl }: AuthenticateOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const token = request.headers['x-auth-token'];
  try {
    if (typeof token !== 'string') throw fault.unauthorized();
    request.caller = await tokens.verify(token);
  } catch (error) {
    if (error instanceof Fault && error.status === 401) reply.header('WWW-Authenticate', `Keystone uri="${baseUrl(request)}/identity"`);
    throw error;
  }
}

function noauth(store: Store): Authenticate {
  let known: Promise<Caller> | null = null;
  return async (request) => {
    known ??= defaultCaller(store);
    const caller = await known;
    const projectId = request.headers['x-project-id'];
    if (projectId === undefined) request.caller = caller;
    else if (typeof projectId === 'string' && PROJECT_ID.test(projectId)) request.caller = { ...caller, projectId, projectName: null };
    else throw fault.invalidInput('X-Project-Id', projectId, 'Value should be a project id');
  };
}

/** The administrator that the start made, in the project of the same name. */
async function defaultCaller(store: Store): Promise<Caller> {
  const domain = await domainById(store.db, DEFAULT_DOMAIN.id);
  const user = await userByName(store.db, 'admin', DEFAULT_DOMAIN.id);
  const project = await projectByName(store.db, 'admin', DEFAULT_DOMAIN.id);
  if (!domain || !user) throw new Error('The identity tables are empty: bootstrapIdentity has not run');
  return {
    userId: user.id,
    userName: user.name,
    projectId: project?.id ?? user.default_project_id,
    projectName: project?.name ?? null,
    domainId: domain.id,
    roles: ['admin', 'member', 'reader'],
    isAdmin: true,
    auditId: 'noauth',
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}
