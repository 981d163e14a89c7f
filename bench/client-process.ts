/**
 * The client, in a process of its own so that it shares no thread with who is measured, and where wanted inside a
 * namespace. Gets one order at a time over IPC.
 */
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadOrder, type LoadReport, type Order, type ProbeOrder, type ProbeReport, type Report, now } from './client-messages.ts';
import { type Target, keepingAgent, send } from './http.ts';
import { quantile } from './statistics.ts';

const PROBE_TIMEOUT_MS = 200;
const PROBE_PAUSE_MS = 1;

/** Set by an order while a load runs. */
const state = { stopped: false };

async function load(order: LoadOrder): Promise<LoadReport> {
  const agent = order.keepAlive ? keepingAgent(order.target, order.clients) : false;
  const latencies: number[] = [];
  const failures: Record<string, number> = {};
  const started = now();
  const until = order.seconds === null ? Infinity : started + order.seconds * 1000;
  const client = async (number: number): Promise<void> => {
    for (let turn = number; !state.stopped && now() < until; turn += order.clients) {
      await one(order, agent, turn, latencies, failures);
      if (order.pace > 0) await sleep(order.pace);
    }
  };
  await Promise.all(Array.from({ length: order.clients }, (_, number) => client(number)));
  const seconds = (now() - started) / 1000;
  if (agent) agent.destroy();
  return { answered: latencies.length, seconds, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), failures };
}

/** Every request is counted once: as an answer or as a failure. */
async function one(order: LoadOrder, agent: Agent | false, turn: number, latencies: number[], failures: Record<string, number>): Promise<void> {
  const { target, method, paths, headers, body, timeout } = order;
  const started = now();
  const failed = (name: string): void => {
    failures[name] = (failures[name] ?? 0) + 1;
  };
  try {
    const { status } = await send(target, agent, { method, path: paths[turn % paths.length] ?? '/', headers, body, timeout });
    if (status >= 200 && status < 300) latencies.push(now() - started);
    else failed(String(status));
  } catch (error) {
    failed((error as NodeJS.ErrnoException).code ?? String(error));
  }
}

async function probe({ targets, wanted, timeout }: ProbeOrder): Promise<ProbeReport> {
  const until = now() + timeout;
  const times = await Promise.all(targets.map((target) => probeOne(target, wanted, until)));
  return { at: Math.max(...times) };
}

async function probeOne(target: Target, wanted: string, until: number): Promise<number> {
  while (now() < until) {
    try {
      const { status, body } = await send(target, false, { method: 'GET', path: '/', timeout: PROBE_TIMEOUT_MS });
      if (status === 200 && body.includes(wanted)) return now();
    } catch {
      // Not there yet: that is what is waited for.
    }
    await sleep(PROBE_PAUSE_MS);
  }
  throw new Error(`${target.host}:${target.port} did not answer${wanted === '' ? '' : ` with ${wanted}`} in time`);
}

async function obey(order: Order): Promise<Report | null> {
  if (order.kind === 'stop') {
    state.stopped = true;
    return null;
  }
  state.stopped = false;
  return order.kind === 'load' ? load(order) : probe(order);
}

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => report && process.send?.(report),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
