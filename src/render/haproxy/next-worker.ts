/**
 * Of a process that is shared: what a worker does that is told to stop, and has just taken a request or a connection. HAProxy 2.6
 * closes its way into namespaces at that moment (ns.c: netns_sig_stop), so no member can be reached any more; it would answer 503. So
 * what it still has to send goes to the worker that takes over, through a socket of the frontend that is in no namespace, with the
 * client's address in front.
 */
import { type Argument, name, text, word } from './argument.ts';
import type { Directive, Section } from './directive.ts';

/** Name of the server that is the next worker. Members' names are ids, so none is called like it. */
export const NEXT = 'weir-next';
/** Where the sockets are, relative to the process's directory. */
export const NEXT_DIRECTORY = 'next';

const STOPPING: readonly Argument[] = [word('if'), word('{'), word('stopping'), word('}')];
const FOUND: readonly Argument[] = [word('-m'), word('found'), word('}')];
const HANDED_OVER: readonly Argument[] = [word('{'), word('so_name'), name(NEXT), word('}')];
/** In a worker that is itself stopping it goes on with what it came with. */
const RETURNED: readonly Argument[] = [
  word('if'),
  ...HANDED_OVER,
  word('{'),
  word('req.hdr(weir-next-srv)'),
  ...FOUND,
  word('!{'),
  word('stopping'),
  word('}'),
];

/**
 * null where it would do harm: what has been told of a client's TLS would be told anew by a frontend that sees none.
 * @param frontend of the share
 */
export function nextSocket({ head, body }: Section): string | null {
  const [, listener] = head;
  const endsTls = body.some((line) => isBind(line) && line.some((argument) => argument.kind === 'word' && argument.value === 'ssl'));
  return listener?.kind !== 'name' || endsTls ? null : `unix@${NEXT_DIRECTORY}/${listener.value}.sock`;
}

export function isBind([first]: Directive): boolean {
  return first?.kind === 'word' && first.value === 'bind';
}

/** The line of the frontend that takes what the worker before sends. */
export function takesOver(socket: string): Directive {
  return [word('bind'), text(socket), word('name'), name(NEXT), word('mode'), word('600'), word('accept-proxy')];
}

/**
 * Lines of the frontend or a backend, so that what goes through two workers is as if it had gone through one. Who may connect is
 * asked when the client's address is known, which on that socket is not yet so at the time of `tcp-request connection`; and
 * who the client is, members are told once.
 */
export function onceForBoth(body: readonly Directive[]): Directive[] {
  return body.map((line) => {
    if (begins(line, 'tcp-request', 'connection')) return [word('tcp-request'), word('session'), ...line.slice(2)];
    if (!begins(line, 'option', 'forwardfor')) return line;
    return [word('http-request'), word('add-header'), word('X-Forwarded-For'), word('%[src]'), word('unless'), ...HANDED_OVER];
  });
}

/** Lines of its backends, before the others. Whatever member a client has, it is the next worker that knows the way to it. */
export function handsOver(socket: string, body: readonly Directive[]): Directive[] {
  return [
    ...(body.some(isCookie) ? carriesCookie() : []),
    [word('ignore-persist'), ...STOPPING],
    [word('use-server'), name(NEXT), ...STOPPING],
    // Without weight nobody comes here but by that rule; and no client is to be remembered as its.
    [word('server'), name(NEXT), text(socket), word('weight'), word('0'), word('non-stick'), word('send-proxy-v2')],
  ];
}

/** HAProxy takes the cookie that it inserted out of a request, whichever server that goes to. */
function carriesCookie(): Directive[] {
  return [
    [word('http-request'), word('set-header'), word('weir-next-srv'), word('%[req.cook(SRV)]'), ...STOPPING, word('{'), word('req.cook(SRV)'), ...FOUND],
    [word('http-request'), word('add-header'), word('Cookie'), word('SRV=%[req.hdr(weir-next-srv)]'), ...RETURNED],
    [word('http-request'), word('del-header'), word('weir-next-srv'), ...RETURNED],
  ];
}

function isCookie([first]: Directive): boolean {
  return first?.kind === 'word' && first.value === 'cookie';
}

function begins([first, second]: Directive, one: string, two: string): boolean {
  return first?.kind === 'word' && first.value === one && second?.kind === 'word' && second.value === two;
}
