/** A driver and what speaks with it over a real connection. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { NodeDriver } from '../node.ts';
import { BEAT_MS, LONGEST_MESSAGE } from './agreement.ts';
import { Channel } from './channel.ts';
import { RemoteNodes } from './remote-nodes.ts';
import { answerFrom } from './serve-nodes.ts';

export interface Wired {
  readonly driver: NodeDriver;
  /** Of the agent's end. */
  readonly agent: Channel;
  close(): void;
}

export async function wired(local: NodeDriver): Promise<Wired> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = await once(server, 'connection');
  server.close();
  const common = { beat: BEAT_MS, longest: LONGEST_MESSAGE };
  const agent = new Channel(socket, { ...common, peer: 'the controller', answer: (method, params) => answerFrom(local, method, params), hear: () => {} });
  const mine = new Channel(accepted, {
    ...common,
    peer: 'the host',
    answer: () => Promise.reject(new Error('nothing is asked')),
    hear: (_news, id) => driver.lost(id as string),
  });
  const { pretends, observed, advertMs, syncsFlows = false, flowLogs = null } = local;
  const driver = new RemoteNodes(local.name, mine, { pretends, observed, advertMs, syncsFlows, flowLogs });
  local.onLost((id) => agent.tell('lost', id));
  return {
    driver,
    agent,
    close: () => [agent, mine].forEach((channel) => channel.close('the test is over')),
  };
}
