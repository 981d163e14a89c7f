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
  return [word('bind'), text(socket), word('mode'), word('600'), word('accept-proxy')];
}

/** Lines of its backends. Whatever member a client has, it is the next worker that knows the way to it. */
export function handsOver(socket: string): Directive[] {
  return [
    [word('ignore-persist'), ...STOPPING],
    [word('use-server'), name(NEXT), ...STOPPING],
    // Without weight nobody comes here but by that rule.
    [word('server'), name(NEXT), text(socket), word('weight'), word('0'), word('send-proxy-v2')],
  ];
}
