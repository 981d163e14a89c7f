/** `npm start`: a server, the lab, and a load balancer in front of two web servers, to look at and to play with. */
import { rm, rmdir } from 'node:fs/promises';
import { type Config, OPTIONS } from '../config/options.ts';
import { ApiClient, readCredentials } from '../lab/api-client.ts';
import { captureInLab } from '../lab/exec.ts';
import { labDown, labUp } from '../lab/lab.ts';
import { registerLab, unregisterLab } from '../lab/registry.ts';
import { instanceOf } from '../store/instance.ts';
import { StoreLockedError } from '../store/store.ts';
import { CliError } from './cli-error.ts';
import { CLOUD_NAME } from './clouds-file.ts';
import { type Balancer, ensureDemo, removeBalancers, waitForDemo } from './demo-balancer.ts';
import { runDirectory } from './drivers.ts';
import { createLog } from './log.ts';
import { type Claim, claimState } from './quickstart-state.ts';
import { type RunningServer, startServer } from './server.ts';
import { startFindings, warnOf } from './start-warnings.ts';
import { onStopRequest } from './stop-signal.ts';

const REQUESTS = 6;

export async function quickstart(config: Config): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new CliError('Root is needed, to make network namespaces', { remedy: 'Run it with sudo, or in a root shell.', exitCode: 2 });
  // Whoever reads along may go away first (npm start | head): what was made must be cleaned up all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const stop = onStopRequest(() => say('\nCleaning up what was made (once more Ctrl-C to leave it) …'));
  const claim = claimState(config.DEFAULT.state_path);
  const own = claim !== 'foreign';
  const server = await start(config, claim);
  const api = clientOf(server);
  try {
    await show(config, server, api, stop.signal);
    await stop.stopped;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    await cleanUp(config, server, api, own);
  }
  say('Everything that was made is gone.');
}

async function start(config: Config, claim: Claim): Promise<RunningServer> {
  step('Starting the server');
  try {
    const log = createLog(config, 'warn');
    const [server, findings] = await Promise.all([startServer(config, log), startFindings(config)]);
    warnOf(findings, log);
    return server;
  } catch (error) {
    if (error instanceof StoreLockedError)
      throw new CliError('It runs already', {
        detail: error.message,
        remedy: 'Use that one (weir doctor tells where), or stop it with Ctrl-C first.',
        cause: error,
      });
    if (claim === 'new') await removeState(config);
    throw error;
  }
}

function clientOf(server: RunningServer): ApiClient {
  const credentials = readCredentials(server.cloudsFile);
  if (!credentials) throw new CliError(`${server.cloudsFile} is gone`, { remedy: 'Start again.' });
  return new ApiClient(credentials);
}

async function show(config: Config, server: RunningServer, api: ApiClient, signal: AbortSignal): Promise<void> {
  const instance = instanceOf(config.DEFAULT.state_path);
  step('Building the lab: a client and two web servers in network namespaces');
  await labUp(instance, await registerLab(api));
  signal.throwIfAborted();
  step('Making a load balancer through the API');
  const started = performance.now();
  const { id } = await ensureDemo(api);
  const balancer = await waitForDemo(api, id, signal);
  say(`  ${balancer.name} answers on ${balancer.vip_address}, ${Math.round(performance.now() - started)} ms after the first request to the API`);
  step(`Sending ${REQUESTS} requests from the lab's client to http://${balancer.vip_address}/`);
  await request(instance, balancer, signal);
  process.stdout.write(nextSteps(config, server, balancer));
}

async function request(instance: string, balancer: Balancer, signal: AbortSignal): Promise<void> {
  for (let number = 1; number <= REQUESTS; number++) {
    const answer = await captureInLab(instance, 'client', [
      'curl',
      '--silent',
      '--show-error',
      '--fail',
      '--max-time',
      '10',
      `http://${balancer.vip_address}/`,
    ]);
    process.stdout.write(`  ${number}. ${answer.trimEnd()}\n`);
    signal.throwIfAborted();
  }
}

function nextSteps(config: Config, server: RunningServer, balancer: Balancer): string {
  const statePath = config.DEFAULT.state_path;
  const weir = statePath === OPTIONS.DEFAULT.state_path.initial ? './weir' : `./weir --set DEFAULT.state_path=${statePath}`;
  return `
It runs at ${server.url}. In another terminal, try OpenStack's own commands (Debian: python3-openstackclient, python3-octaviaclient):

  export OS_CLIENT_CONFIG_FILE=${server.cloudsFile} OS_CLOUD=${CLOUD_NAME}
  openstack loadbalancer status show ${balancer.name}
  openstack loadbalancer create --name my-lb --vip-subnet-id private-subnet --wait
  openstack loadbalancer listener create --name my-listener --protocol HTTP --protocol-port 80 my-lb
  openstack loadbalancer pool create --name my-pool --lb-algorithm ROUND_ROBIN --listener my-listener --protocol HTTP
  openstack loadbalancer member create --subnet-id private-subnet --address 192.168.1.10 --protocol-port 80 my-pool

and look from inside the lab:

  ${weir} lab exec client -- curl http://${balancer.vip_address}/
  ${weir} lab stop web1      (its member goes to ERROR, the other answers everything)
  ${weir} lab start web1

Ctrl-C here removes everything again.
`;
}

/** Undoes it in reverse order; goes on after a failure, so that as little as possible stays, and reports the first. */
async function cleanUp(config: Config, server: RunningServer, api: ApiClient, own: boolean): Promise<void> {
  const steps: (() => Promise<unknown>)[] = [
    () => removeBalancers(api, own ? 'all' : 'own'),
    () => labDown(server.store.instance),
    () => (own ? Promise.resolve() : unregisterLab(api)),
    () => Promise.all(server.drivers.all.map((driver) => driver.tidy())),
    () => server.stop(),
    () => (own ? removeState(config) : Promise.resolve()),
  ];
  const failures: unknown[] = [];
  for (const undo of steps) await undo().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** The run directories go only if nothing of anybody else's is in them. */
async function removeState({ DEFAULT }: Config): Promise<void> {
  const instance = instanceOf(DEFAULT.state_path);
  await rm(DEFAULT.state_path, { recursive: true, force: true });
  for (const path of [runDirectory(DEFAULT.run_path, instance), DEFAULT.run_path]) await rmdir(path).catch(() => {});
}

function step(text: string): void {
  say(`» ${text} …`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
