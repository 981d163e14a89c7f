/**
 * SCTP: the program that HAProxy runs for each check, with the member's address and port as its third and fourth argument. An
 * association is opened (RFC 9260 §5: INIT, answered by INIT ACK) and closed again. Perl, because no shell speaks SCTP and Debian
 * always has it. It takes SCTP sockets in the kernel: where there are none a member that is checked so is down.
 */
import type { ProxyFile } from '../../model/node-config.ts';
import { Sealed } from '../../model/sealed.ts';
import type { MonitorTopology, PoolTopology } from '../../model/topology.ts';
import { shown } from '../shown.ts';
import { CompileError } from './compile-error.ts';

/** IANA's number of the protocol. */
const SCTP = 132;

/** null unless the pool is checked with SCTP. */
export function sctpProgram({ monitor }: PoolTopology): ProxyFile | null {
  if (monitor?.type !== 'SCTP') return null;
  const content = new Sealed(program(monitor));
  return { path: `checks/${content.digest}`, content, program: true };
}

function program({ timeout }: MonitorTopology): string {
  if (!Number.isSafeInteger(timeout) || timeout < 0) throw new CompileError(`not a valid timeout of a check: ${shown(timeout)}`);
  return `#!/usr/bin/perl
use strict;
use Socket qw(getaddrinfo AI_NUMERICHOST SOCK_STREAM);
my ($error, $to) = getaddrinfo($ARGV[2], $ARGV[3], { flags => AI_NUMERICHOST, socktype => SOCK_STREAM });
exit 1 if $error || !$to;
alarm ${Math.max(timeout, 1)};
socket(my $socket, $to->{family}, SOCK_STREAM, ${SCTP}) or exit 1;
exit(connect($socket, $to->{addr}) ? 0 : 1);
`;
}
