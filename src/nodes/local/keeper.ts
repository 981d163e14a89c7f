/**
 * Two very small shell programs that do for a node of a pair what must not wait for anybody: this server may be gone.
 * Their texts are constants; what they run comes as arguments. Both work in the node's directory.
 */
import { FAULT_FILE, TAKEOVER_ADVERTS, VIP_LINK } from '../../render/keepalived/compile.ts';

/** By these names their processes are found again. */
const KEEPER = 'weir-vrrp-keeper';
const WATCHER = 'weir-proxy-watcher';

/** Adverts, for `sleep`, which adds its arguments up. */
const adverts = (count: number): string => Array.from({ length: count }, () => '"${advert:-1}"').join(' ');
/** A peer takes over three and a half adverts after the last one it heard, which was up to one advert before the death. */
const BEFORE_TAKEOVER = 2;

/**
 * Starts keepalived again whenever it dies. A killed one leaves the address behind, which goes on being served; just before
 * the peer takes over it is taken off: else this node would answer the peer's announcement, and the switch believe that.
 * Only when the peer has taken over another keepalived is started. Both are the last that the kernel ends for want of memory.
 */
const KEEP = `echo $$ > keeper.pid
echo -900 > /proc/$$/oom_score_adj
while :; do
  rm -f keepalived.pid vrrp.pid
  "$@"
  advert=$(sed -n 's/^ *advert_int //p' keepalived.conf)
  sleep ${adverts(BEFORE_TAKEOVER)}
  ip link delete ${VIP_LINK} 2> /dev/null
  sleep ${adverts(TAKEOVER_ADVERTS - BEFORE_TAKEOVER + 1)}
done`;

/** Tells keepalived, at once, that the proxy died: within a takeover's time nobody else would notice. */
const WATCH = `"$@"
echo 1 > ${FAULT_FILE}`;

export function kept(command: readonly string[]): string[] {
  return ['sh', '-c', KEEP, KEEPER, ...command];
}

export function watched(command: readonly string[]): string[] {
  return ['sh', '-c', WATCH, WATCHER, ...command];
}

export function isKeeper(commandLine: readonly string[]): boolean {
  return commandLine[3] === KEEPER;
}

export function isWatcher(commandLine: readonly string[]): boolean {
  return commandLine[3] === WATCHER;
}
