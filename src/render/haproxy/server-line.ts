/** A server as the file and as the runtime socket write it: from the same value, so that both behave the same. */
import type { MemberTopology, PoolTls } from '../../model/topology.ts';
import type { Server } from '../../model/node-config.ts';
import { type Argument, address, checkedName, endpoint, integer, name, word } from './argument.ts';
import { encodeWords } from './directive.ts';

/** Octavia's and HAProxy's heaviest. */
const HEAVIEST = 256;

/** What all servers of a backend have in common. */
export interface ServerKind {
  /** The backend's name. */
  readonly backend: string;
  /** Encoded. */
  readonly keywords: string;
  /** Whether the pool has a monitor that is switched on. */
  readonly checked: boolean;
  /**
   * Every algorithm written here takes servers at runtime (see balance in backend.ts); checks that are programs do not (2.6
   * crashes, or asks nobody), nor does a client certificate.
   */
  readonly dynamic: boolean;
  /** How the pool's members are spoken to; undefined for plainly. */
  readonly tls: PoolTls | undefined;
}

export function serverOf(member: MemberTopology, { backend, keywords, checked, dynamic, tls }: ServerKind): Server {
  return {
    backend,
    name: checkedName(member.id),
    address: member.address,
    port: member.port,
    weight: member.weight,
    state: member.enabled ? 'ready' : 'maint',
    backup: member.backup,
    check: checked ? { address: member.monitorAddress, port: member.monitorPort } : null,
    keywords: checked && tls && checksWhereItServes(member) ? `${keywords} ${encodeWords([CHECK_TLS])}` : keywords,
    dynamic,
  };
}

const CHECK_TLS = word('check-ssl');

/**
 * HAProxy checks in TLS what it speaks to in TLS, unless the check goes to an address or a port of its own; so does Octavia.
 * For a server added at runtime 2.6 forgets that, so it is written.
 */
function checksWhereItServes({ monitorAddress, monitorPort }: MemberTopology): boolean {
  return monitorAddress === null && monitorPort === null;
}

/** The server's line in its backend, without indentation and line end. */
export function serverLine(server: Server): string {
  const words = encodeWords([word('server'), name(checkedName(server.name)), ...parameters(server), ...(server.state === 'maint' ? [word('disabled')] : [])]);
  return withKeywords(words, server.keywords);
}

/**
 * What the runtime socket has to be told, one command after the other, to make a server that is not there yet. HAProxy
 * adds a server in maintenance, with its check switched off and without a dynamic cookie.
 */
export function addServerCommands(server: Server): string[] {
  const target = encodeWords([name(server.backend)]) + '/' + encodeWords([name(checkedName(server.name))]);
  return [
    withKeywords(`add server ${target} ${encodeWords(parameters(server))}`, server.keywords),
    // Without effect where the backend has no dynamic cookie. Without it clients would be told to forget their cookie.
    `enable dynamic-cookie backend ${encodeWords([name(server.backend)])}`,
    ...(server.check === null ? [] : [`enable health ${target}`]),
    ...(server.state === 'ready' ? [`set server ${target} state ready`] : []),
  ];
}

function parameters(server: Server): Argument[] {
  return [
    endpoint(server.address, server.port),
    word('weight'),
    integer(server.weight, 0, HEAVIEST),
    ...(server.backup ? [word('backup')] : []),
    ...(server.check?.address ? [word('addr'), address(server.check.address)] : []),
    ...(server.check?.port ? [word('port'), integer(server.check.port, 1, 65_535)] : []),
  ];
}

function withKeywords(words: string, keywords: string): string {
  return keywords === '' ? words : `${words} ${keywords}`;
}
