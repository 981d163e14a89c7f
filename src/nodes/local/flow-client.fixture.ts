/**
 * A client in a namespace. Every line on its input is a question as JSON, answered by a line of JSON: `open` begins a flow
 * under a name, `say` sends once more on it, `close` ends it; `many` begins flows one after the other, asks once on each
 * and counts the answers. An answer that does not come within half a second is "silence".
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

interface Question {
  readonly do: 'open' | 'say' | 'close' | 'many';
  readonly name?: string;
  readonly protocol?: 'udp' | 'tcp';
  readonly to?: string;
  readonly port?: number;
  readonly from?: string;
  readonly count?: number;
  /** Of datagrams: ports from here on, one after the other; else whichever is free. */
  readonly firstPort?: number;
}

interface FlowEnd {
  ask(): Promise<string>;
  close(): void;
}

const SILENCE_MS = 500;

function answerOf(listen: (tell: (words: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('silence'), SILENCE_MS);
    listen((words) => {
      clearTimeout(timer);
      resolve(words);
    });
  });
}

async function openDatagrams({ to = '', port = 0, from, firstPort = 0 }: Question): Promise<FlowEnd> {
  const socket: DatagramSocket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  socket.bind(firstPort, from);
  await once(socket, 'listening');
  socket.connect(port, to);
  await once(socket, 'connect');
  let tell: (words: string) => void = () => {};
  socket.on('message', (message) => tell(message.toString()));
  socket.on('error', (error) => tell(`error ${(error as NodeJS.ErrnoException).code}`));
  return { ask: () => answerOf((told) => ((tell = told), socket.send('?'))), close: () => socket.close() };
}

async function openStream({ to = '', port = 0, from }: Question): Promise<FlowEnd> {
  const socket: Socket = connect({ host: to, port, ...(from === undefined ? {} : { localAddress: from }) });
  let tell: (words: string) => void = () => {};
  let failed: string | null = null;
  socket.on('data', (data) => tell(data.toString()));
  socket.on('error', (error) => {
    failed = `error ${(error as NodeJS.ErrnoException).code}`;
    tell(failed);
  });
  await answerOf((told) => ((tell = told), socket.once('connect', () => told('connected'))));
  return { ask: () => answerOf((told) => ((tell = told), failed === null ? socket.write('?') : told(failed))), close: () => socket.destroy() };
}

const flows = new Map<string, FlowEnd>();

function open(question: Question): Promise<FlowEnd> {
  return question.protocol === 'tcp' ? openStream(question) : openDatagrams(question);
}

async function many(question: Question): Promise<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (let done = 0; done < (question.count ?? 1); done++) {
    const flow = await open(question.firstPort === undefined ? question : { ...question, firstPort: question.firstPort + done });
    const answer = await flow.ask();
    flow.close();
    tally[answer] = (tally[answer] ?? 0) + 1;
  }
  return tally;
}

async function obey(question: Question): Promise<unknown> {
  const { name = '' } = question;
  if (question.do === 'many') return many(question);
  if (question.do === 'open') flows.set(name, await open(question));
  if (question.do !== 'close') return (await flows.get(name)?.ask()) ?? 'no such flow';
  flows.get(name)?.close();
  flows.delete(name);
  return 'closed';
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await obey(JSON.parse(line) as Question))}\n`);
}
for (const flow of flows.values()) flow.close();
