/** What edge/edgeweir-guard does, on a virtual gateway: the script itself is tried by its own test. */
import type { Clock } from './clock.ts';
import type { Ran } from './file-object.ts';
import { type DeviceFiles, FlashError } from './files.ts';

export const GUARD = '/usr/libexec/edgeweir-guard';
const SAVED = '/etc/edgeweir/undo';

export interface GuardHooks {
  /** The files are back; these are to be reloaded. */
  restored(services: readonly string[]): void;
}

export class Guard {
  readonly #files: DeviceFiles;
  readonly #clock: Clock;
  readonly #hooks: GuardHooks;
  #cancel: () => void = () => {};

  constructor(files: DeviceFiles, clock: Clock, hooks: GuardHooks) {
    this.#files = files;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  run([action, ...args]: readonly string[]): Ran {
    try {
      return this.#carry(action, args);
    } catch (error) {
      if (error instanceof FlashError) return { code: 1, stderr: `${error.message}\n` };
      throw error;
    }
  }

  /** Its timer is a process, which ends; an init script then finds what is armed. */
  boot(): void {
    this.#cancel();
    this.#undo();
  }

  #carry(action: string | undefined, args: readonly string[]): Ran {
    if (action === 'arm') return this.#arm(args);
    if (action === 'disarm') this.#forget();
    else if (action === 'undo' || action === 'boot') this.#undo();
    else return { code: 2 };
    return { code: 0 };
  }

  #arm([seconds = '', services = '', ...paths]: readonly string[]): Ran {
    if (paths.some((path) => !/^\/[A-Za-z0-9._/-]*$/.test(path))) return { code: 2 };
    this.#forget();
    for (const path of paths) {
      const saved = this.#files.read(path);
      const name = path.replaceAll('/', '%');
      this.#files.write(`${SAVED}/${saved ? 'files' : 'absent'}/${name}`, saved?.bytes ?? '', saved?.mode);
    }
    this.#files.write(`${SAVED}/services`, services);
    this.#files.write(`${SAVED}/token`, 'armed');
    this.#cancel = this.#clock.after(Number(seconds) * 1000, () => this.#undo());
    return { code: 0 };
  }

  #undo(): void {
    if (!this.#files.read(`${SAVED}/token`)) return;
    for (const name of this.#files.list(`${SAVED}/files`)) {
      const saved = this.#files.read(`${SAVED}/files/${name}`);
      if (saved) this.#files.write(name.replaceAll('%', '/'), saved.bytes, saved.mode);
    }
    for (const name of this.#files.list(`${SAVED}/absent`)) this.#files.remove(name.replaceAll('%', '/'));
    const services = (this.#files.text(`${SAVED}/services`) ?? '').split(',').filter((name) => name !== '' && name !== 'none');
    this.#forget();
    this.#hooks.restored(services);
  }

  #forget(): void {
    this.#cancel();
    for (const path of this.#files.paths().filter((one) => one.startsWith(`${SAVED}/`))) this.#files.remove(path);
  }
}
