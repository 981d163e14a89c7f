/**
 * A web server in a namespace: arguments are its address and the name it answers with; says "ready" when it listens.
 * The answer to /held is begun at once and ended when a line comes on its input.
 */
import { createServer, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';

const [address = '', name = ''] = process.argv.slice(2);
const held = new Set<ServerResponse>();

createServer((request, response) => {
  if (request.url !== '/held') return response.end(name);
  held.add(response);
  return response.write('begun ');
}).listen(8080, address, () => process.stdout.write('ready\n'));

createInterface({ input: process.stdin }).on('line', () => {
  for (const response of held) response.end(name);
  held.clear();
});
