/** What the doctor asks of the installation: the state directory, the ports, and the server if one runs. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Config } from '../config/options.ts';
import { ApiClient, ApiError, readCredentials } from '../lab/api-client.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export function stateChecks({ DEFAULT }: Config): Finding[] {
  return [directoryCheck('state_path', DEFAULT.state_path), directoryCheck('run_path', DEFAULT.run_path)];
}

function directoryCheck(option: string, path: string): Finding {
  const existing = nearestExisting(path);
  const remedy = `Make it writable, or choose another: --set DEFAULT.${option}=PATH`;
  try {
    if (!statSync(existing).isDirectory()) return fail(option, `${existing} is not a directory`, remedy);
    accessSync(existing, constants.W_OK | constants.X_OK);
    return ok(option, existing === path ? path : `${path}, to be made`);
  } catch {
    return fail(option, `${existing} is not writable`, remedy);
  }
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

/** Asks the server of this state path, if one runs. */
export async function serverChecks(config: Config): Promise<{ running: boolean; findings: Finding[] }> {
  const pid = runningPid(config.DEFAULT.state_path);
  if (pid === null) return { running: false, findings: [ok('server', 'none runs on this state path')] };
  return { running: true, findings: await askServer(config, pid) };
}

async function askServer({ DEFAULT }: Config, pid: number): Promise<Finding[]> {
  try {
    const credentials = readCredentials(join(DEFAULT.state_path, 'clouds.yaml'));
    if (!credentials) return [warn('server', `process ${pid} runs and is not ready yet`, 'Wait a moment, then look at its log.')];
    const api = new ApiClient(credentials);
    const { loadbalancers } = await api.request<{ loadbalancers: unknown[] }>('GET', '/load-balancer/v2.0/lbaas/loadbalancers');
    const answers = ok('server', `process ${pid} answers at ${new URL(credentials.authUrl).origin}; load balancers: ${loadbalancers.length}`);
    return [answers, ...(await breakerCheck(api))];
  } catch (error) {
    if (error instanceof ApiError && error.status === 401)
      return [warn('server', `process ${pid} answers, and takes no login: ${error.message}`, error.remedy)];
    return [fail('server', `process ${pid} runs but does not answer: ${(error as Error).message}`, 'Look at its log; stop it and start it again.')];
  }
}

interface BreakerNews {
  readonly time: string;
  readonly payload: { readonly open: boolean; readonly lost: number };
}

/** Whether the last that the server told of it is that it holds restarts back; nothing if not. */
async function breakerCheck(api: ApiClient): Promise<Finding[]> {
  const path = '/events?format=json&type=edgeweir.breaker.&all_projects=true&limit=1';
  const [last] = (await api.request<{ events: BreakerNews[] }>('GET', path)).events;
  if (last?.payload.open !== true) return [];
  const detail = `restarts of proxies are held back since ${last.time}: ${last.payload.lost} load balancers needed one at the same time`;
  return [warn('healing', detail, 'See in the log why they were lost, and end that. They are tried one by one, and all go on when three in a row worked.')];
}

/** The process that holds the state, as it said itself; null when it is no longer there. */
function runningPid(statePath: string): number | null {
  try {
    const pid = Number(readFileSync(join(statePath, 'edgeweir.pid'), 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? -1 : null;
  }
}

export async function portChecks({ api_settings: api }: Config): Promise<Finding[]> {
  const ports = [
    ['bind_port', api.bind_port],
    ['keystone_port', api.keystone_port],
  ] as const;
  return Promise.all(ports.filter(([, port]) => port !== 0).map(([option, port]) => portCheck(api.bind_host, port, option)));
}

function portCheck(host: string, port: number, option: string): Promise<Finding> {
  const check = `port ${port}`;
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `another program listens on ${host}` : error.message;
      resolve(fail(check, why, `See which: ss -ltnp 'sport = :${port}'; or choose another: --set api_settings.${option}=PORT`));
    });
    probe.listen(port, host, () => {
      const { address } = probe.address() as AddressInfo;
      probe.close(() => resolve(ok(check, `free on ${address}`)));
    });
  });
}
