/**
 * What gateways should have, as text for people to review: made from the rows by the functions that deliver, so it is what a gateway is
 * given, and nothing is asked of one. Names of files with certificates and keys are told, and what is in them is never opened.
 */
import type { Amphora } from '../model/amphora.ts';
import type { Gateway } from '../model/gateway.ts';
import { type GatewayFacts, gatewayFacts } from '../model/gateway-facts.ts';
import type { GatewayShare } from '../model/node-config.ts';
import { Sealed } from '../model/sealed.ts';
import type { Drivers } from '../nodes/drivers.ts';
import { NodeError } from '../nodes/node.ts';
import type { DeviceConfig } from '../nodes/openwrt/device-config.ts';
import { NOTHING_THERE, SHARED, deviceConfig } from '../nodes/openwrt/gateway-state.ts';
import { CompileError } from '../render/haproxy/compile-error.ts';
import { GatewayCannotError } from '../render/gateway/gateway-error.ts';
import { printUciExport } from '../render/uci/print.ts';
import { balancerTree } from '../store/balancer-tree.ts';
import { amphoraeOnGateway } from '../store/gateways.ts';
import type { Db } from '../store/store.ts';
import { type CertificateVault, MaterialReader } from './materials.ts';
import { isWanted, place } from './place.ts';
import { type Placed, configOf } from './planner.ts';
import { resolve } from './resolve.ts';

export interface ExportedFile {
  /** On the gateway. */
  readonly path: string;
  /** A package of UCI as `uci export` prints it, our sections alone; null where a key may be in it. */
  readonly text: string | null;
}

/** A load balancer that the gateway is to carry, and cannot be given. */
export interface LeftOut {
  readonly loadbalancer_id: string;
  readonly name: string;
  readonly reason: string;
}

export interface ExportedGateway {
  readonly id: string;
  readonly name: string;
  readonly files: readonly ExportedFile[];
  readonly left_out: readonly LeftOut[];
}

export type GatewayExporter = (db: Db, row: Gateway) => Promise<ExportedGateway>;

/** @param vault - where certificates are kept; null: elsewhere */
export function gatewayExporter(drivers: Drivers, vault: CertificateVault | null): GatewayExporter {
  return async (db, row) => {
    const reader = new MaterialReader(vault);
    const shares = new Map<string, GatewayShare>();
    const leftOut: LeftOut[] = [];
    for (const placed of await placedOn(db, row.id)) {
      const { id, name } = placed.tree.balancer;
      const found = await shareOf(drivers, reader, placed);
      if ('share' in found) shares.set(placed.node.amphora.id, found.share);
      else leftOut.push({ loadbalancer_id: id, name, reason: found.reason });
    }
    return { id: row.id, name: row.name, files: filesOf(shares, gatewayFacts(row)), left_out: leftOut };
  };
}

/** Nodes that the gateway is to have, in a stable order. */
async function placedOn(db: Db, gatewayId: string): Promise<Placed[]> {
  const found: Placed[] = [];
  for (const { id, loadbalancer_id: balancer } of (await amphoraeOnGateway(db, gatewayId)).filter(isWanted)) {
    const tree = await balancerTree(db, balancer);
    if (!tree || tree.balancer.deleting) continue;
    const node = place(resolve(tree), tree.amphorae.filter(isWanted), []).nodes.find(({ amphora }) => amphora.id === id);
    if (node) found.push({ tree, node });
  }
  return found;
}

async function shareOf(drivers: Drivers, reader: MaterialReader, placed: Placed): Promise<{ share: GatewayShare } | { reason: string }> {
  try {
    const { config, missing } = await configOf(placed, driverOf(drivers, placed.node.amphora), reader);
    return config?.gateway ? { share: withoutContents(config.gateway) } : { reason: missing };
  } catch (error) {
    if (error instanceof GatewayCannotError || error instanceof CompileError || error instanceof NodeError) return { reason: error.message };
    throw error;
  }
}

function driverOf(drivers: Drivers, { driver: name }: Amphora): ReturnType<Drivers['for']> {
  const driver = drivers.named(name);
  if (!driver) throw new NodeError(`the provider ${name} is not enabled`);
  return driver;
}

const UNREAD = new Sealed('');

function withoutContents(share: GatewayShare): GatewayShare {
  return { ...share, files: share.files.map((file) => ({ ...file, content: UNREAD })) };
}

function filesOf(shares: ReadonlyMap<string, GatewayShare>, facts: GatewayFacts): ExportedFile[] {
  const { uci, files } = deviceConfig(NOTHING_THERE, shares, facts);
  const packages = Object.entries(uci).flatMap(([name, sections]) =>
    sections.length === 0 ? [] : [{ path: `/etc/config/${name}`, text: printUciExport({ name, sections }) }],
  );
  return [...packages, ...Object.entries(files).flatMap(([path, file]) => (file ? [{ path, text: shownText(path, file) }] : []))];
}

/** Only what balancers share is known to be without keys. */
function shownText(path: string, { content }: NonNullable<DeviceConfig['files'][string]>): string | null {
  return SHARED.some(({ file }) => file.path === path) ? content : null;
}
