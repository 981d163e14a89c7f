/** Members as commands for the worker's socket. Pure: present and wanted server in, commands out. */
import { isIP } from 'node:net';
import type { Server } from '../../model/node-config.ts';
import { addServerCommands } from '../../render/haproxy/server-line.ts';
import { NodeError } from '../node.ts';
import type { RunningServer } from './proxy-state.ts';

/** A command and the reply that says it was done. */
export interface Command {
  readonly text: string;
  readonly done: RegExp;
}

const SILENT = /^$/;
const REGISTERED = /^New server registered\.$/;
const MOVED = /by 'stats socket command'$/;
const NAME = /^[A-Za-z0-9_.:-]+$/;

/** `backend/server`; names come from the model, and a name that could be more than a name is refused. */
export function serverPath({ backend, name }: Pick<Server, 'backend' | 'name'>): string {
  if (!NAME.test(backend) || !NAME.test(name)) throw new NodeError(`'${backend}/${name}' cannot name a server of a proxy`);
  return `${backend}/${name}`;
}

/** The renderer knows how a server is written; whatever it asks for is answered with silence, but for the server itself. */
export function addCommands(server: Server): Command[] {
  serverPath(server);
  return addServerCommands(server).map((text, index) => ({ text, done: index === 0 ? REGISTERED : SILENT }));
}

/** Whether the server must go and come anew: some things cannot be changed, or not be unset, while it runs. */
export function needsReplacing(running: RunningServer, wanted: Server): boolean {
  if (running.backup !== wanted.backup) return true;
  if (!wanted.check) return running.checkEnabled;
  if (!running.checkConfigured || movesCheck(running, wanted)) return true;
  return (running.check?.address != null && wanted.check.address === null) || (running.check?.port != null && wanted.check.port === null);
}

/** Where members are spoken to in TLS, whether a check is depends on whether it has a place of its own; no command changes that. */
function movesCheck({ check }: RunningServer, wanted: Server): boolean {
  const isOwn = (at: Server['check']): boolean => at?.address != null || at?.port != null;
  return / ssl /.test(` ${wanted.keywords} `) && isOwn(check) !== isOwn(wanted.check);
}

/** Commands that turn one into the other; none for equal ones. Not for servers that need replacing. */
export function changeCommands(running: RunningServer, wanted: Server): Command[] {
  const path = serverPath(wanted);
  const moved = running.address !== wanted.address || running.port !== wanted.port;
  return [
    ...(moved ? [moveCommand(wanted)] : []),
    ...(running.weight === wanted.weight ? [] : [{ text: `set server ${path} weight ${wanted.weight}`, done: SILENT }]),
    ...checkCommands(running, wanted),
    ...(running.state === wanted.state ? [] : [stateCommand(wanted)]),
  ];
}

function checkCommands(running: RunningServer, wanted: Server): Command[] {
  if (!wanted.check) return [];
  const path = serverPath(wanted);
  const { address: host, port } = wanted.check;
  return [
    ...(running.checkEnabled ? [] : [{ text: `enable health ${path}`, done: SILENT }]),
    ...(host === null || host === running.check?.address ? [] : [{ text: `set server ${path} check-addr ${address(host)}`, done: SILENT }]),
    ...(port === null || port === running.check?.port ? [] : [{ text: `set server ${path} check-port ${port}`, done: SILENT }]),
  ];
}

export function stateCommand(server: Pick<Server, 'backend' | 'name' | 'state'>): Command {
  return { text: `set server ${serverPath(server)} state ${server.state}`, done: SILENT };
}

export function moveCommand(server: Pick<Server, 'backend' | 'name' | 'address' | 'port'>): Command {
  return { text: `set server ${serverPath(server)} addr ${address(server.address)} port ${server.port}`, done: MOVED };
}

function address(text: string): string {
  if (isIP(text) === 0) throw new NodeError(`'${text}' is not an address`);
  return text;
}
