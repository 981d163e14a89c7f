/** Gateways as servers of the compute face: what administrators look up there, and nobody else sees. */
import { type Gateway, type GatewayStatus, gateway } from '../model/gateway.ts';
import { type GatewayFacts, gatewayFacts } from '../model/gateway-facts.ts';
import type { ServerAddress, ServerFlavor, ServerInfo, ServerSource } from '../model/server.ts';
import { siteNames } from '../store/gateways.ts';
import { list } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

const EVERYTHING = { where: [], sort: [{ column: 'name', descending: false }], limit: null, marker: null, reverse: false };

const STATUSES: Readonly<Record<GatewayStatus, ServerInfo['status']>> = { ONLINE: 'ACTIVE', OFFLINE: 'SHUTOFF', ERROR: 'ERROR', CHECKING: 'BUILD' };

export function gatewayServers({ db }: Store): ServerSource {
  return {
    async servers() {
      const rows = await list(db, gateway, EVERYTHING);
      const sites = rows.length === 0 ? new Map<string, string>() : await siteNames(db);
      return rows.map((row) => serverOf(row, sites.get(row.site_id) ?? ''));
    },
  };
}

function serverOf(row: Gateway, site: string): ServerInfo {
  const facts = gatewayFacts(row);
  const { hostname = '', board = '' } = row.facts ?? {};
  return {
    id: row.id,
    name: row.name,
    status: STATUSES[row.status],
    projectId: '',
    shared: false,
    isOperators: true,
    userId: '',
    description: row.description === '' ? null : row.description,
    created: `${row.created_at}Z`,
    updated: `${row.updated_at ?? row.created_at}Z`,
    addresses: addressesOf(facts),
    metadata: Object.fromEntries(Object.entries({ site, release: facts.release, board }).filter(([, value]) => value !== '')),
    tags: row.tags,
    availabilityZone: site,
    // It runs on itself.
    host: row.name,
    instanceName: hostname,
    flavor: sizeOf(facts, board),
  };
}

/** By the names of its own interfaces. It does not say which MAC is whose. */
function addressesOf({ interfaces }: GatewayFacts): ServerAddress[] {
  return interfaces.flatMap(({ name, addresses }) => addresses.map((address) => ({ network: name, address: address.replace(/\/\d+$/, ''), mac: '' })));
}

/** It does not say how many processors it has, and has less than a gibibyte of flash. */
function sizeOf({ memoryKib }: GatewayFacts, board: string): ServerFlavor {
  const ram = Math.floor(memoryKib / 1024);
  const name = `${board === '' ? 'gateway' : board} ${ram} MiB`;
  return { id: name, name, vcpus: 1, ram, disk: 0 };
}
