/** The thread of checkpoint.ts: copies what the write-ahead log holds each time it is asked, and answers when it has. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const database = new DatabaseSync(String(workerData));
const copy = database.prepare('pragma wal_checkpoint(passive)');

parentPort?.on('message', () => {
  copy.get();
  parentPort?.postMessage(null, []);
});
