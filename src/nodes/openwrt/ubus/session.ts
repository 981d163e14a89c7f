/** A login to a gateway, kept as long as it lasts. What is refused because it is over is asked for once more. */
import { GatewayFault, OK, PERMISSION_DENIED, statusWords } from './fault.ts';
import { ACCESS_DENIED, type Call, NOBODY, type Outcome, bodiesOf, outcomesOf } from './rpc.ts';
import type { UbusTransport } from './transport.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Seconds that a session may be idle: longer than any pause in a job, and soon over when we are gone. */
const IDLE = 120;
const SESSION = /^[0-9a-f]{32}$/;

export class Session {
  readonly #transport: UbusTransport;
  readonly #credentials: Credentials;
  #id: string | null = null;
  #requests = 0;

  constructor(transport: UbusTransport, credentials: Credentials) {
    this.#transport = transport;
    this.#credentials = credentials;
  }

  /** Requests of HTTP so far. */
  get requests(): number {
    return this.#requests;
  }

  /** What became of each; carried out in order. Throws a GatewayFault where there is no answer. */
  async batch(calls: readonly Call[], signal?: AbortSignal): Promise<Outcome[]> {
    const before = this.#id;
    const outcomes = await this.#ask(this.#id ?? (await this.#login(signal)), calls, signal);
    // One whose session is over is refused all of them, and nothing was done. Whoever has just logged in lacks rights.
    if (before === null || !outcomes.every(isDenied)) return outcomes;
    return this.#ask(await this.#login(signal), calls, signal);
  }

  /** Lets go of the session; a gateway that does not answer forgets it by itself. */
  async end(): Promise<void> {
    const id = this.#id;
    this.#id = null;
    if (id !== null) await this.#ask(id, [{ object: 'session', method: 'destroy', args: {} }]).catch(() => {});
  }

  async #login(signal?: AbortSignal): Promise<string> {
    this.#id = null;
    const { username, password } = this.#credentials;
    const [outcome] = await this.#ask(NOBODY, [{ object: 'session', method: 'login', args: { username, password, timeout: IDLE } }], signal);
    if (!outcome || 'code' in outcome) throw new GatewayFault('login', `it lets nobody log in: ${outcome?.message ?? ''}; is rpcd running?`);
    if (outcome.status === PERMISSION_DENIED) throw new GatewayFault('login', `it does not know the user ${username}, or the password is another one`);
    const id = outcome.data?.['ubus_rpc_session'];
    if (outcome.status !== OK || typeof id !== 'string' || !SESSION.test(id))
      throw new GatewayFault('login', `the login fails: ${statusWords(outcome.status)}`);
    this.#id = id;
    return id;
  }

  async #ask(session: string, calls: readonly Call[], signal?: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const { body, calls: some } of bodiesOf(session, calls)) {
      this.#requests++;
      outcomes.push(...outcomesOf(await this.#transport.post(body, signal), some.length));
    }
    return outcomes;
  }
}

function isDenied(outcome: Outcome): boolean {
  return 'code' in outcome && outcome.code === ACCESS_DENIED;
}
