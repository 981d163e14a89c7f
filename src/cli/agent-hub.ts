/** Where agents connect to, with the server's store as its book. */
import { join } from 'node:path';
import type { Config } from '../config/options.ts';
import type { Log } from '../model/log.ts';
import { type HostBook, Hub } from '../nodes/remote/hub.ts';
import { admit, recognise, recordAllOffline, recordOffline, recordOnline, renew } from '../store/hosts.ts';
import type { Store } from '../store/store.ts';
import { LOCAL_DRIVER, carriesTraffic } from './drivers.ts';

/** null where no port for agents is configured, or no provider would use it. Listens from its start on. */
export async function agentHub(config: Config, store: Store, log: Log): Promise<Hub | null> {
  const { DEFAULT, agents } = config;
  if (agents.bind_port === 0 || !carriesTraffic(config)) return null;
  // Loaded for those who need it: it takes as long as much of the rest of a start.
  const { Authority } = await import('../nodes/remote/authority.ts');
  const authority = await Authority.open(join(DEFAULT.state_path, 'agents'));
  const tokenLifetime = agents.join_token_expiration * 1000;
  return new Hub({ driver: LOCAL_DRIVER, authority, book: bookOf(store), bindHost: agents.bind_host, bindPort: agents.bind_port, tokenLifetime, log });
}

function bookOf(store: Store): HostBook {
  return {
    admit: (id, digest, issued) => store.transaction((tx) => admit(tx, id, digest, issued, new Date())),
    renew: (id, serial, issued) => store.transaction((tx) => renew(tx, id, serial, issued)),
    recognise: (id, serial) => store.transaction(async (tx) => (await recognise(tx, id, serial))?.name ?? null),
    online: (id, address, { facts, physicalNetworks }) =>
      store.transaction((tx) => recordOnline(tx, id, { last_address: address, facts, physical_networks: physicalNetworks }, new Date())),
    offline: (id) => store.transaction((tx) => recordOffline(tx, id, new Date())),
    allOffline: () => store.transaction((tx) => recordAllOffline(tx)),
  };
}
