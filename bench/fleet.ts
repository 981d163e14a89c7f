/** The process with the virtual gateways, from the measuring side. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { FleetAnswer, FleetOrder } from './fleet-process.ts';
import { undone } from './server.ts';

export interface Fleet {
  readonly urls: readonly string[];
  readonly password: string;
  /** Requests that all gateways together had so far. */
  requests(): Promise<number>;
  /** From now on the last so many refuse every connection. */
  kill(gateways: number): Promise<void>;
  /** A hand changes haproxy.cfg on so many. */
  meddle(gateways: number): Promise<void>;
  /** On how many that can still be seen. */
  meddled(): Promise<number>;
}

export async function withFleet<T>(count: number, slow: number, work: (fleet: Fleet) => Promise<T>): Promise<T> {
  const child = fork(join(import.meta.dirname, 'fleet-process.ts'), [String(count), String(slow)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  return undone(
    async () => {
      if (child.connected) child.disconnect();
      if (child.exitCode === null) await once(child, 'exit');
    },
    async () => {
      const ready = await next(child, 'ready');
      const ask = async <K extends FleetAnswer['kind']>(order: FleetOrder, kind: K): Promise<Extract<FleetAnswer, { kind: K }>> => {
        const answer = next(child, kind);
        child.send(order);
        return answer;
      };
      return work({
        urls: ready.urls,
        password: ready.password,
        requests: async () => (await ask({ kind: 'count' }, 'count')).requests,
        kill: async (gateways) => void (await ask({ kind: 'kill', gateways }, 'done')),
        meddle: async (gateways) => void (await ask({ kind: 'meddle', gateways }, 'done')),
        meddled: async () => (await ask({ kind: 'look' }, 'look')).meddled,
      });
    },
  );
}

async function next<K extends FleetAnswer['kind']>(child: ChildProcess, kind: K): Promise<Extract<FleetAnswer, { kind: K }>> {
  const [answer] = (await once(child, 'message')) as [FleetAnswer];
  if (answer.kind !== kind) throw new Error(`The fleet answers ${answer.kind}, and not ${kind}`);
  return answer as Extract<FleetAnswer, { kind: K }>;
}
