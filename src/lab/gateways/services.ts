/** procd and its init scripts on a virtual gateway: what runs, what is enabled, and what a changed configuration reloads. */
import type { Clock } from './clock.ts';
import type { Answer } from './uci-object.ts';

export interface DeviceService {
  readonly name: string;
  /** Order at boot. */
  readonly start: number;
  readonly stop?: number;
  enabled: boolean;
  /** null for a script that runs nothing. */
  running: boolean | null;
  readonly command: readonly string[];
  /** Packages whose change reloads it. */
  readonly triggers: readonly string[];
}

export type ServiceAction = 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable';

/** What happens outside the pretence: a live gateway runs the real programs. */
export interface ServiceHooks {
  onAction(name: string, action: ServiceAction): void;
  onSignal(name: string, signal: number): void;
}

const ACTIONS: readonly string[] = ['start', 'stop', 'restart', 'reload', 'enable', 'disable'];
/** procd waits for more changes of a package, ms. */
const SETTLE = 1000;

export class Services {
  readonly #services = new Map<string, DeviceService>();
  readonly #clock: Clock;
  readonly #hooks: ServiceHooks;
  readonly #due = new Map<string, () => void>();
  #pids = 600;
  readonly #pidOf = new Map<string, number>();

  constructor(services: readonly DeviceService[], clock: Clock, hooks: ServiceHooks) {
    for (const service of services) this.#services.set(service.name, { ...service });
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get(name: string): DeviceService | undefined {
    return this.#services.get(name);
  }

  add(service: DeviceService): void {
    this.#services.set(service.name, { ...service });
  }

  /** As after a boot: what is enabled runs. */
  boot(): void {
    for (const cancel of this.#due.values()) cancel();
    this.#due.clear();
    for (const service of this.#services.values()) {
      if (service.running !== null) service.running = service.enabled;
      if (service.enabled) this.#hooks.onAction(service.name, 'start');
    }
  }

  /** config.change of procd. */
  changed(packages: readonly string[]): void {
    for (const name of packages) {
      this.#due.get(name)?.();
      this.#due.set(
        name,
        this.#clock.after(SETTLE, () => {
          this.#due.delete(name);
          for (const service of this.#services.values()) if (service.triggers.includes(name)) this.#act(service, 'reload');
        }),
      );
    }
  }

  rc(method: string, { name, action, skip_running_check: skips }: Readonly<Record<string, unknown>>): Answer {
    if (method === 'list') return this.#listed(name, skips === true);
    if (method !== 'init') return 3;
    if (typeof name !== 'string' || typeof action !== 'string' || name.includes('/') || !ACTIONS.includes(action)) return 2;
    const service = this.#services.get(name);
    if (!service) return 4;
    this.#act(service, action as ServiceAction);
    // What the script ends with is nobody's to know.
    return 0;
  }

  service(method: string, { name, verbose, signal, type, data }: Readonly<Record<string, unknown>>): Answer {
    switch (method) {
      case 'list':
        return Object.fromEntries(
          [...this.#services.values()]
            .filter((one) => (typeof name !== 'string' || one.name === name) && (one.running !== null || verbose === true))
            .map((one) => [one.name, this.#viewOf(one, verbose === true)]),
        );
      case 'signal':
        if (typeof name !== 'string' || !this.#services.has(name)) return 4;
        this.#hooks.onSignal(name, typeof signal === 'number' ? signal : 1);
        return 0;
      case 'event':
        if (type === 'config.change' && typeof data === 'object' && data !== null && 'package' in data) this.changed([String(data.package)]);
        return 0;
      default:
        return 3;
    }
  }

  #act(service: DeviceService, action: ServiceAction): void {
    if (action === 'enable' || action === 'disable') service.enabled = action === 'enable';
    else if (service.running !== null) service.running = action !== 'stop';
    if (action === 'restart') this.#pidOf.delete(service.name);
    this.#hooks.onAction(service.name, action);
  }

  #listed(name: unknown, skips: boolean): Answer {
    const chosen = [...this.#services.values()].filter((one) => typeof name !== 'string' || one.name === name);
    if (chosen.length === 0) return 0;
    return Object.fromEntries(
      chosen.map(({ name: one, start, stop, enabled, running }) => [
        one,
        { start, ...(stop === undefined ? {} : { stop }), enabled, ...(running === null || skips ? {} : { running }) },
      ]),
    );
  }

  #viewOf({ name, running, command, triggers }: DeviceService, verbose: boolean): Record<string, unknown> {
    const pid = this.#pidOf.get(name) ?? ++this.#pids;
    this.#pidOf.set(name, pid);
    return {
      ...(running === null ? {} : { instances: running ? { instance1: { running: true, pid, command, term_timeout: 5 } } : {} }),
      ...(verbose
        ? { triggers: triggers.map((one) => ['config.change', ['if', ['eq', 'package', one], ['run_script', `/etc/init.d/${name}`, 'reload']], SETTLE]) }
        : {}),
    };
  }
}
