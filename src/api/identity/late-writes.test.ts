import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { type Faces, faces } from './faces.fixture.ts';
import { HashQueue } from './hash-queue.ts';
import { type Requests, V3, loginAs, requestsWith, tokenOf } from './requests.fixture.ts';

/** A user of their own project and domain, with a token for it, before a queue that lets nothing through until told. */
interface Scene {
  readonly set: Faces;
  readonly root: Requests;
  readonly userId: string;
  readonly domainId: string;
  readonly projectId: string;
  readonly token: string;
  /** Sends, and resolves once the request waits for its hash. */
  waiting(method: 'POST' | 'PATCH', path: string, body: object): Promise<() => Promise<LightMyRequestResponse>>;
}

async function scene(t: TestContext): Promise<Scene> {
  const hashes = new HashQueue({ running: 1 });
  const set = await faces(t, { hashes });
  const root = requestsWith(set, await set.admin());
  const { id: domainId } = await root.make('domain', { name: 'far' });
  const { id: projectId } = await root.make('project', { name: 'p', domain_id: domainId });
  const { id: userId } = await root.make('user', { name: 'eve', password: 'old', domain_id: domainId });
  for (const name of ['admin', 'member']) await grant(root, projectId, userId, name, 'PUT');
  const token = await tokenOf(loginAs(set, 'eve', 'old', { project: { id: projectId } }, domainId));
  const waiting: Scene['waiting'] = async (method, path, body) => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const blocked = hashes.run({ key: 'gate', suspect: false }, () => gate);
    const answer = set.send(method, `${V3}/${path}`, token, body);
    while (hashes.waiting === 0) await new Promise(setImmediate);
    return async () => {
      open();
      await blocked;
      return answer;
    };
  };
  return { set, root, userId, domainId, projectId, token, waiting };
}

async function grant(root: Requests, projectId: string, userId: string, name: string, method: 'PUT' | 'DELETE'): Promise<void> {
  const { roles } = (await root.expect(200, 'GET', `roles?name=${name}`)) as { roles: { id: string }[] };
  await root.expect(204, method, `projects/${projectId}/users/${userId}/roles/${roles[0]?.id}`);
}

/** What happens to the author while the request waits, and what is answered then. */
const ENDS: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'is disabled': ({ root, userId }) => root.expect(200, 'PATCH', `users/${userId}`, { user: { enabled: false } }),
  'is disabled and enabled again': async ({ root, userId }) => {
    for (const enabled of [false, true]) await root.expect(200, 'PATCH', `users/${userId}`, { user: { enabled } });
  },
  'is deleted': ({ root, userId }) => root.expect(204, 'DELETE', `users/${userId}`),
  'has another password': ({ root, userId }) => root.expect(200, 'PATCH', `users/${userId}`, { user: { password: null } }),
  'is of a domain that is disabled': ({ root, domainId }) => root.expect(200, 'PATCH', `domains/${domainId}`, { domain: { enabled: false } }),
  'is in a project that is disabled': ({ root, projectId }) => root.expect(200, 'PATCH', `projects/${projectId}`, { project: { enabled: false } }),
  'has no role any more': async ({ root, projectId, userId }) => {
    for (const name of ['admin', 'member']) await grant(root, projectId, userId, name, 'DELETE');
  },
  'has logged out': async ({ set, token }) => {
    const response = await set.app.inject({ method: 'DELETE', url: `${V3}/auth/tokens`, headers: { 'x-auth-token': token, 'x-subject-token': token } });
    assert.equal(response.statusCode, 204, response.body);
  },
};

const WRITES: Readonly<Record<string, (scene: Scene) => Parameters<Scene['waiting']>>> = {
  'a user': () => ['POST', 'users', { user: { name: 'late', password: 'x' } }],
  'a password of another': ({ set }) => ['PATCH', `users/${set.adminUserId}`, { user: { password: 'mine now' } }],
  'an application credential': ({ userId }) => ['POST', `users/${userId}/application_credentials`, { application_credential: { name: 'late' } }],
};

/** Everything a late write could have left, and the trail of it. */
async function traces({ set, userId }: Scene): Promise<object> {
  const { db } = set.store;
  return {
    users: await db.selectFrom('user_account').select(['id', 'name', 'password_hash', 'credential_version']).where('id', '!=', userId).orderBy('id').execute(),
    credentials: await db.selectFrom('application_credential').selectAll().execute(),
    trail: await db.selectFrom('audit').select('action').where('user_id', '=', userId).where('resource', '!=', 'token').execute(),
  };
}

for (const [what, write] of Object.entries(WRITES)) {
  test(`whoever loses the right while the hash of ${what} waits writes nothing`, async (t) => {
    for (const [how, end] of Object.entries(ENDS)) {
      await t.test(`who ${how}`, async (inner) => {
        const stage = await scene(inner);
        const before = await traces(stage);
        const finish = await stage.waiting(...write(stage));
        await end(stage);
        const { statusCode, body } = await finish();
        assert.equal(statusCode, 401, body);
        assert.deepEqual(JSON.parse(body), {
          error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' },
        });
        assert.deepEqual(await traces(stage), before);
      });
    }
  });
}

test('who is no administrator any more, but is still somebody, is told so', async (t) => {
  const stage = await scene(t);
  const before = await traces(stage);
  const finish = await stage.waiting('POST', 'users', { user: { name: 'late', password: 'x' } });
  await grant(stage.root, stage.projectId, stage.userId, 'admin', 'DELETE');
  const { statusCode, body } = await finish();
  assert.equal(statusCode, 403, body);
  assert.match(body, /identity:create_user/);
  assert.deepEqual(await traces(stage), before);
});

test('nothing of it stands in the way of who keeps the right', async (t) => {
  const stage = await scene(t);
  for (const write of Object.values(WRITES)) {
    const finish = await stage.waiting(...write(stage));
    await stage.root.make('role', { name: `something else ${Math.random()}` });
    const { statusCode, body } = await finish();
    assert.ok([200, 201].includes(statusCode), body);
    // Another's password ends the tokens of that one: the next scene's administrator needs a new one.
    Object.assign(stage, { root: requestsWith(stage.set, await stage.set.admin()) });
  }
});

for (const end of ['is disabled', 'is disabled and enabled again', 'is deleted', 'has another password', 'is of a domain that is disabled']) {
  test(`a password of one’s own is not changed for who ${end} while it waits`, async (t) => {
    const stage = await scene(t);
    const { set, userId } = stage;
    const finish = await stage.waiting('POST', `users/${userId}/password`, { user: { original_password: 'old', password: 'new' } });
    await ENDS[end]?.(stage);
    const hash = (): Promise<object | undefined> => set.store.db.selectFrom('user_account').select('password_hash').where('id', '=', userId).executeTakeFirst();
    const before = await hash();
    assert.equal((await finish()).statusCode, 401);
    assert.deepEqual(await hash(), before);
  });
}

test('a body that comes after its author was disabled is not carried out', async (t) => {
  const { set, root, userId, token } = await scene(t);
  await set.app.listen({ host: '127.0.0.1', port: 0 });
  const body = JSON.stringify({ project: { name: 'late' } });
  const socket = connect((set.app.server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => socket.destroy());
  const arrived = once(set.app.server, 'request');
  socket.write(
    `POST ${V3}/projects HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Auth-Token: ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  await arrived;
  // The token was looked at by now, or is looked at before the answer to this.
  await root.expect(200, 'GET', `users/${userId}`);
  await root.expect(200, 'PATCH', `users/${userId}`, { user: { enabled: false } });
  socket.write(body.slice(5));
  const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string];
  assert.match(answer, /^HTTP\/1\.1 401 /);
  assert.deepEqual(await root.names('projects?name=late'), []);
});
