/**
 * A client in a namespace: asks the address in its argument over kept-alive connections. Every line on its input is a
 * number of requests; it answers each with a line: how many each member answered, and how many failed. `load` asks
 * without pause until the next line.
 */
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

const [host = '', connections = '4'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });

type Tally = Record<string, number>;

function ask(): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host, port: 80, agent, timeout: 5000 }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(response.statusCode === 200 ? text : `status ${response.statusCode}`));
      response.on('error', (error) => resolve(`error ${error.message}`));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve(`error ${error.message}`));
  });
}

async function count(tally: Tally, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    const answer = await ask();
    tally[answer] = (tally[answer] ?? 0) + 1;
  }
}

async function inParallel(goOn: () => boolean): Promise<Tally> {
  const tally: Tally = {};
  await Promise.all(Array.from({ length: Number(connections) }, () => count(tally, goOn)));
  return tally;
}

let stopped = false;
let load: Promise<Tally> | null = null;

async function obey(line: string): Promise<Tally | null> {
  if (line === 'load') {
    stopped = false;
    load = inParallel(() => !stopped);
    return null;
  }
  if (line === 'stop') {
    stopped = true;
    return load;
  }
  let left = Number(line);
  return inParallel(() => left-- > 0);
}

for await (const line of createInterface({ input: process.stdin })) {
  const tally = await obey(line);
  if (tally) process.stdout.write(`${JSON.stringify(tally)}\n`);
}
agent.destroy();
