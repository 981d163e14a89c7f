/** The thread of flow logs: reads the pipes it is told of for as long as it lives. */
import { parentPort, workerData } from 'node:worker_threads';
import { Collector } from './collector.ts';
import type { FlowLogOptions } from './options.ts';
import { PipeReader } from './pipe-reader.ts';

/** What the thread is told. It answers `counts` and `stop` with a FlowCounts. */
export type ToThread =
  | { readonly kind: 'read'; readonly node: string; readonly path: string }
  | { readonly kind: 'forget'; readonly node: string }
  | { readonly kind: 'reopen' | 'counts' | 'stop' };

const collector = new Collector(workerData as FlowLogOptions);
const readers = new Map<string, PipeReader>();

function read(node: string, path: string): void {
  forget(node);
  try {
    readers.set(node, new PipeReader(path, (lines) => collector.take(node, lines)));
  } catch (error) {
    collector.troubled(error instanceof Error ? error.message : String(error));
  }
}

function forget(node: string): void {
  readers.get(node)?.finish();
  readers.delete(node);
}

/** What is left in the pipes stays there, for the next server. */
async function stop(): Promise<void> {
  for (const reader of readers.values()) reader.close();
  await collector.close();
  parentPort?.postMessage(collector.counts(), []);
  parentPort?.close();
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'read') read(message.node, message.path);
  else if (message.kind === 'forget') forget(message.node);
  else if (message.kind === 'reopen') collector.reopen();
  else if (message.kind === 'stop') void stop();
  else parentPort?.postMessage(collector.counts(), []);
});
