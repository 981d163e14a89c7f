/**
 * A new worker serves some milliseconds before the old one has told it which members clients have; whoever comes in between
 * would be given another member. So a backend with a table lets requests wait that long, once, after a worker has begun.
 */
import { Sealed } from '../../model/sealed.ts';
import type { ProxyFile } from '../../model/node-config.ts';
import { type Argument, milliseconds, word } from './argument.ts';
import type { Directive } from './directive.ts';
import type { Mode } from './mode.ts';

/** Measured: the tables of an idle worker are there after 5 ms, of one with 1,600 connections a second after 20. */
const SETTLING_MS = 50;

/**
 * HTTP's own rules cannot wait, so a Lua action does. Only until somebody has come after that time: what follows costs the look
 * at a variable. A master that reloads names the workers of before to itself (`-sf`); without any there is nothing to wait for.
 */
const PROGRAM = `local line = io.open('/proc/self/cmdline')
local replaces = line ~= nil and line:read('a'):find('\\0-sf\\0', 1, true) ~= nil
if line then line:close() end
local started
local function now()
  local time = core.now()
  return time.sec * 1000 + time.usec / 1000
end
local function begin() started = started or now() end
-- Tasks begin with the worker. Before that, time stands still at when the configuration began to be read.
core.register_task(begin)
local function left()
  begin()
  local time = math.ceil(started + ${SETTLING_MS} - now())
  if replaces and time > 0 and time <= ${SETTLING_MS} then return time end
  return 0
end
core.register_fetches('settled', function() return left() == 0 end)
core.register_action('settle', { 'http-req' }, function(txn)
  local time = left()
  if time > 0 then core.msleep(time) end
  txn:set_var('proc.settled', true)
end)
`;

/** The program as a file; the same for every balancer. */
export function settlingFile(): ProxyFile {
  const content = new Sealed(PROGRAM);
  return { path: `lua/settling-${content.digest}.lua`, content };
}

const SETTLED: readonly Argument[] = [word('{'), word('var(proc.settled)'), word('-m'), word('found'), word('}')];
const NOT_SETTLED: readonly Argument[] = [word('!{'), ...SETTLED.slice(1)];

export function settlingDirectives(mode: Mode): Directive[] {
  if (mode === 'http') return [[word('http-request'), word('lua.settle'), word('unless'), ...SETTLED]];
  return [
    [word('tcp-request'), word('inspect-delay'), milliseconds(SETTLING_MS)],
    [
      word('tcp-request'),
      word('content'),
      word('set-var(proc.settled)'),
      word('bool(true)'),
      word('if'),
      ...NOT_SETTLED,
      word('{'),
      word('lua.settled'),
      word('-m'),
      word('bool'),
      word('}'),
    ],
    [word('tcp-request'), word('content'), word('accept'), word('if'), ...SETTLED, word('or'), word('WAIT_END')],
  ];
}
