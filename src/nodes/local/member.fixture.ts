/** A web server in a namespace: arguments are its address and the name it answers with; says "ready" when it listens. */
import { createServer } from 'node:http';

const [address = '', name = ''] = process.argv.slice(2);
createServer((_, response) => response.end(name)).listen(8080, address, () => process.stdout.write('ready\n'));
