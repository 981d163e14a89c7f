/**
 * The Lua program that answers for a PROMETHEUS listener. It runs inside HAProxy, so metrics are there as long as traffic
 * is, also while the server is away: it asks HAProxy's own exporter, on a socket that only this node's namespace sees,
 * and says the answer again in Octavia's words.
 *
 * HAProxy's HTTP client is used and not `core.tcp`: in 2.6 a Lua socket to a service of the same process stalls as soon
 * as an answer fills a buffer.
 */
import { Sealed } from '../../model/sealed.ts';
import type { ProxyFile } from '../../model/node-config.ts';
import { CompileError } from './compile-error.ts';
import { CPU, IDLE_SOURCE, LABELS, MEMORY, METRICS, type Metric } from './octavia-metrics.ts';

/** Name of the frontend that the exporter answers on; it is no listener of anybody's. */
export const EXPORTER = 'weir-exporter';

const PROGRAM = String.raw`
local own = '[{,]proxy="' .. EXPORTER:gsub('%-', '%%-') .. '"'

local function percentage(part, whole)
  if not part or not whole or whole == 0 then return 'NaN' end
  return string.format('%.1f', 100 * part / whole)
end

local function number_in(path, pattern)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read('a')
  file:close()
  return tonumber(text:match(pattern))
end

local function computed(name, help, value)
  return '# HELP ' .. name .. ' ' .. help .. '\n# TYPE ' .. name .. ' gauge\n' .. name .. ' ' .. value .. '\n'
end

-- One line of the exporter's, in Octavia's words; nil when it is none of Octavia's metrics.
local function translated(line)
  local comment, source = line:match('^# (%u+) ([%w_]+)')
  if comment then
    local metric = METRICS[source]
    if not metric then return nil end
    if comment == 'HELP' then return '# HELP ' .. metric.name .. ' ' .. metric.help end
    return '# ' .. comment .. ' ' .. metric.name .. line:sub(#comment + #source + 4)
  end
  local name, rest = line:match('^([%w_]+)(.*)$')
  local metric = name and METRICS[name]
  if not metric or rest:find(own) then return nil end
  for from, to in pairs(metric.labels) do rest = rest:gsub('([{,])' .. from .. '=', '%1' .. to .. '=', 1) end
  return metric.name .. rest
end

core.register_service('octavia_metrics', 'http', function(applet)
  local answer = core.httpclient():get({ url = 'http://127.0.0.1/metrics?scope=global&scope=frontend&scope=backend&scope=server', dst = 'abns@' .. EXPORTER })
  if not answer or answer.status ~= 200 then
    applet:set_status(503)
    applet:add_header('content-length', '0')
    applet:start_response()
    return
  end
  applet:set_status(200)
  applet:add_header('content-type', 'text/plain; version=0.0.4')
  applet:add_header('cache-control', 'no-cache')
  applet:start_response()
  local idle = tonumber(answer.body:match('\n' .. IDLE .. ' (%d+)'))
  local occupied = number_in('/proc/self/status', 'VmRSS:%s+(%d+)')
  local installed = number_in('/proc/meminfo', 'MemTotal:%s+(%d+)')
  local lines = { computed(CPU, CPU_HELP, percentage(idle and 100 - idle, 100)) .. computed(MEMORY, MEMORY_HELP, percentage(occupied, installed)) }
  for line in answer.body:gmatch('[^\n]+') do
    local text = translated(line)
    if text then lines[#lines + 1] = text .. '\n' end
    -- In pieces, so that thousands of members need little memory.
    if #lines == 200 then
      applet:send(table.concat(lines))
      lines = {}
    end
  end
  if #lines > 0 then applet:send(table.concat(lines)) end
end)
`;

/** The program as a file; the same for every balancer. */
export function metricsFile(): ProxyFile {
  const content = new Sealed(`${declarations()}${PROGRAM}`);
  return { path: `lua/${content.digest}.lua`, content };
}

function declarations(): string {
  const constants = { EXPORTER, IDLE: IDLE_SOURCE, CPU, MEMORY, CPU_HELP: helpOf(CPU), MEMORY_HELP: helpOf(MEMORY) };
  return [
    ...Object.entries(constants).map(([name, value]) => `local ${name} = ${luaString(value)}`),
    'local METRICS = {',
    ...METRICS.flatMap((metric) => (metric.source === null ? [] : [`  [${luaString(metric.source)}] = ${entryOf(metric)},`])),
    '}',
  ].join('\n');
}

function helpOf(name: string): string {
  return METRICS.find((metric) => metric.name === name)?.help ?? '';
}

function entryOf({ name, help, scope }: Metric): string {
  const labels = Object.entries(LABELS[scope]).map(([from, to]) => `${from} = ${luaString(to)}`);
  return `{ name = ${luaString(name)}, help = ${luaString(help)}, labels = { ${labels.join(', ')} } }`;
}

/** Nothing in the table needs more than quotes; anything else is a mistake in it. */
function luaString(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text) || text.includes('\\')) throw new CompileError(`cannot stand in the metrics' program: ${text}`);
  return `"${text.replaceAll('"', String.raw`\"`)}"`;
}
