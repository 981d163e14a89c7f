/** Who looks after gateways, with the passwords that the key manager's keys open. */
import { openedPassword } from '../api/key-manager/gateway-passwords.ts';
import type { SecretKeys } from '../api/key-manager/secret-keys.ts';
import type { Config } from '../config/options.ts';
import { GatewayWatch } from '../control/gateway-watch.ts';
import type { Log } from '../model/log.ts';
import { GatewayClient } from '../nodes/openwrt/ubus/client.ts';
import { Session } from '../nodes/openwrt/ubus/session.ts';
import { HttpTransport } from '../nodes/openwrt/ubus/transport.ts';
import type { Store } from '../store/store.ts';

export function gatewayWatch({ gateways: options }: Config, store: Store, keys: SecretKeys, log: Log): GatewayWatch {
  return new GatewayWatch({
    store,
    log,
    reach: (row) => {
      const transport = new HttpTransport({ url: row.url, pin: row.tls_pin });
      return new GatewayClient(new Session(transport, { username: row.username, password: openedPassword(keys, row) }));
    },
    interval: options.check_interval,
    atOnce: options.checks_at_once,
  });
}
