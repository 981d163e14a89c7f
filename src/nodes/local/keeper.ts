/**
 * Very small shell programs that do for a node of a pair what must not wait for anybody: this server may be gone.
 * Their texts are constants; what they run comes as arguments. All work in the node's directory, leave their process id
 * there, and are the last that the kernel ends for want of memory.
 */
import { FAULT_FILE, TAKEOVER_ADVERTS, VIP_LINKS } from '../../render/keepalived/compile.ts';

/** Silent where that is not allowed. */
const LAST_TO_END = 'echo -900 2> /dev/null > /proc/$$/oom_score_adj';

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
 * Only when the peer has taken over another keepalived is started. That one is as dear to the kernel.
 */
const KEEP = `echo $$ > keeper.pid
${LAST_TO_END}
while :; do
  rm -f keepalived.pid vrrp.pid
  "$@"
  advert=$(sed -n '/^ *advert_int /{s///p;q}' keepalived.conf)
  sleep ${adverts(BEFORE_TAKEOVER)}
  for link in ${VIP_LINKS.join(' ')}; do ip link delete $link 2> /dev/null; done
  sleep ${adverts(TAKEOVER_ADVERTS - BEFORE_TAKEOVER + 1)}
done`;

/** Tells keepalived, at once, that the proxy died: within a takeover's time nobody else would notice. The proxy is as dear to the kernel as ever. */
const WATCH = `echo $$ > watcher.pid
read usual < /proc/$$/oom_score_adj
${LAST_TO_END}
(echo "$usual" 2> /dev/null > /proc/self/oom_score_adj; exec "$@")
echo 1 > ${FAULT_FILE}`;

/**
 * The same for a proxy that runs and whose watcher was killed: it is no child, so it is waited for by its id. Nobody may have
 * taken a dead one's entry away, but that has no program any more. Where there is no pidwait (procps), it is asked after.
 */
const WATCH_AGAIN = `echo $$ > watcher.pid
${LAST_TO_END}
echo "$1" > watched.pid
while [ -e "/proc/$1/exe" ]; do pidwait --pidfile watched.pid > /dev/null 2>&1 || sleep 0.02; done
echo 1 > ${FAULT_FILE}`;

export function kept(command: readonly string[]): string[] {
  return ['sh', '-c', KEEP, KEEPER, ...command];
}

export function watched(command: readonly string[]): string[] {
  return ['sh', '-c', WATCH, WATCHER, ...command];
}

/** @param master - id of the process to watch */
export function watchedAgain(master: number): string[] {
  return ['sh', '-c', WATCH_AGAIN, WATCHER, String(master)];
}

export function isKeeper(commandLine: readonly string[]): boolean {
  return commandLine[3] === KEEPER;
}

export function isWatcher(commandLine: readonly string[]): boolean {
  return commandLine[3] === WATCHER;
}
