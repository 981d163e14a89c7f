/** One request for /held from a namespace to the address in the argument; what comes is written out as it comes. */
import { connect } from 'node:net';

const [host = ''] = process.argv.slice(2);
const socket = connect(80, host, () => socket.write('GET /held HTTP/1.1\r\nHost: held\r\nConnection: close\r\n\r\n'));
socket.on('error', (error) => process.stdout.write(`error ${error.message}\n`));
socket.pipe(process.stdout);
