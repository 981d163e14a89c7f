/** Who looks after gateways, and how they are reached: with the passwords that the key manager's keys open. */
import { openedPassword } from '../api/key-manager/gateway-passwords.ts';
import type { SecretKeys } from '../api/key-manager/secret-keys.ts';
import type { Config } from '../config/options.ts';
import { GatewayWatch } from '../control/gateway-watch.ts';
import type { Log } from '../model/log.ts';
import type { Drivers } from '../nodes/drivers.ts';
import { Gateways } from '../nodes/openwrt/gateways.ts';
import { GatewayClient } from '../nodes/openwrt/ubus/client.ts';
import { Session } from '../nodes/openwrt/ubus/session.ts';
import { HttpTransport } from '../nodes/openwrt/ubus/transport.ts';
import type { Store } from '../store/store.ts';
import type { Reach } from './drivers.ts';

/** @param heard - told of each gateway that answers */
export function gatewayWatch({ gateways: options }: Config, store: Store, keys: SecretKeys, log: Log, heard: (gatewayId: string) => void): GatewayWatch {
  return new GatewayWatch({ store, log, reach: gatewayReach(keys), interval: options.check_interval, atOnce: options.checks_at_once, heard });
}

export function gatewayReach(keys: SecretKeys): Reach {
  return (row) => {
    const transport = new HttpTransport({ url: row.url, pin: row.tls_pin });
    return new GatewayClient(new Session(transport, { username: row.username, password: openedPassword(keys, row) }));
  };
}

export function heardOf({ all }: Drivers, gatewayId: string): void {
  for (const driver of all) if (driver instanceof Gateways) driver.heard(gatewayId);
}
