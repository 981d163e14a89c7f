/** rpcd's `uci` object: changes staged for each session, applied with a timer that takes them back, with all its holes (openwrt reference §1.2, §1.3). */
import { isPlainObject } from '../../model/field.ts';
import { type Edited, addSection, deleteFrom, order, positionOf, rename, setOptions } from '../../render/uci/edit.ts';
import { type UciPackage, type UciSection, type UciValue, idsOf, isPackageName } from '../../render/uci/package.ts';
import { UciSyntaxError, parseUci } from '../../render/uci/parse.ts';
import { printUci } from '../../render/uci/print.ts';
import type { Clock } from './clock.ts';
import { type DeviceFiles, FlashError } from './files.ts';
import { type Session, mayDo } from './sessions.ts';

/** A status of ubus, or data. */
export type Answer = number | Readonly<Record<string, unknown>>;
type Args = Readonly<Record<string, unknown>>;
/** As `uci changes` tells it. */
type Change = readonly (string | number)[];

interface Stage {
  readonly present: UciPackage;
  readonly changes: readonly Change[];
}

interface Window {
  readonly session: string;
  /** Files as they were, and what was staged. */
  readonly files: ReadonlyMap<string, string>;
  readonly stages: ReadonlyMap<string, Stage>;
  readonly cancel: () => void;
  /** False after somebody else's apply without rollback: the timer then restores nothing. */
  holds: boolean;
}

const OK = 0;
const INVALID = 2;
const NOT_FOUND = 4;
const NO_DATA = 5;
const DENIED = 6;
/** Seconds. */
const WINDOW = 60;

export interface UciHooks {
  /** Packages whose files have changed: procd is told. */
  changed(packages: readonly string[]): void;
}

export class UciObject {
  readonly #files: DeviceFiles;
  readonly #clock: Clock;
  readonly #hooks: UciHooks;
  /** Session, then package. */
  readonly #stages = new Map<string, Map<string, Stage>>();
  #window: Window | null = null;

  constructor(files: DeviceFiles, clock: Clock, hooks: UciHooks) {
    this.#files = files;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Whose session waits for a confirmation. */
  get pendingSession(): string | null {
    return this.#window?.session ?? null;
  }

  /** What a reboot does: nothing is staged any more, and nothing is taken back. */
  forget(): void {
    this.#window?.cancel();
    this.#window = null;
    this.#stages.clear();
  }

  call(session: Session, method: string, args: Args): Answer {
    switch (method) {
      case 'configs':
        return { configs: this.#files.list('/etc/config').filter(isPackageName) };
      case 'get':
      case 'state':
        return this.#get(session, args);
      case 'changes':
        return this.#changes(session, args);
      case 'add':
      case 'set':
      case 'delete':
      case 'rename':
      case 'order':
        return this.#edit(session, method, args);
      case 'revert':
      case 'commit':
        return this.#revertOrCommit(session, method, args);
      case 'apply':
        return this.#apply(session, args);
      case 'confirm':
      case 'rollback':
        return this.#end(session, method);
      default:
        return 3;
    }
  }

  /** The package as the session sees it; null where there is none, or its file cannot be read. */
  #load(session: string, config: string): UciPackage | null {
    const staged = this.#stages.get(session)?.get(config);
    return staged?.present ?? this.#read(config);
  }

  #read(config: string): UciPackage | null {
    const text = isPackageName(config) ? this.#files.text(`/etc/config/${config}`) : null;
    if (text === null) return null;
    try {
      return parseUci(config, text);
    } catch (error) {
      if (error instanceof UciSyntaxError) return null;
      throw error;
    }
  }

  #get(session: Session, { config, section, option, type, match }: Args): Answer {
    if (typeof config !== 'string') return INVALID;
    if (!mayDo(session, 'uci', config, 'read')) return isPackageName(config) ? DENIED : NOT_FOUND;
    const found = this.#load(session.id, config);
    if (!found) return NOT_FOUND;
    if (typeof section !== 'string')
      return { values: Object.fromEntries(matching(found, type, match).map((index) => [idsOf(found)[index], viewOf(found, index, true)])) };
    const at = positionOf(found, section);
    const known = found.sections[at];
    if (!known) return OK;
    if (typeof option !== 'string') return { values: viewOf(found, at, false) };
    const value = known.options.get(option);
    return value === undefined ? OK : { value };
  }

  #changes(session: Session, { config }: Args): Answer {
    const staged = [...(this.#stages.get(session.id) ?? [])];
    if (typeof config === 'string') {
      if (!mayDo(session, 'uci', config, 'read')) return DENIED;
      const found = staged.find(([name]) => name === config);
      return found ? { changes: found[1].changes } : this.#read(config) ? OK : NOT_FOUND;
    }
    return {
      changes: Object.fromEntries(
        staged.filter(([name, { changes }]) => changes.length > 0 && mayDo(session, 'uci', name, 'read')).map(([name, { changes }]) => [name, changes]),
      ),
    };
  }

  #edit(session: Session, method: 'add' | 'set' | 'delete' | 'rename' | 'order', args: Args): Answer {
    const { config } = args;
    if (typeof config !== 'string') return INVALID;
    if (!mayDo(session, 'uci', config, 'write')) return DENIED;
    const before = this.#load(session.id, config);
    if (!before) return NOT_FOUND;
    const outcome = edited(method, before, args);
    if (typeof outcome === 'number') return outcome;
    const stages = this.#stages.get(session.id) ?? new Map<string, Stage>();
    const changes = [...(stages.get(config)?.changes ?? []), ...outcome.changes];
    this.#stages.set(session.id, stages.set(config, { present: outcome.present, changes }));
    return outcome.answer ?? OK;
  }

  #revertOrCommit(session: Session, method: 'revert' | 'commit', { config }: Args): Answer {
    if (typeof config !== 'string') return INVALID;
    if (!mayDo(session, 'uci', config, 'write')) return DENIED;
    if (this.#window && this.#window.session !== session.id) return DENIED;
    if (!this.#read(config)) return NOT_FOUND;
    const staged = this.#stages.get(session.id)?.get(config);
    this.#stages.get(session.id)?.delete(config);
    if (method === 'commit' && staged) return this.#written([staged.present]) ?? OK;
    return OK;
  }

  #apply(session: Session, { rollback, timeout }: Args): Answer {
    const wantsRollback = rollback === true;
    if (this.#window && this.#window.session !== session.id && wantsRollback) return DENIED;
    if (this.#window && !wantsRollback) {
      this.#window.holds = false;
      return OK;
    }
    const staged = this.#stages.get(session.id);
    if (!staged || staged.size === 0 || [...staged.keys()].some((config) => !mayDo(session, 'uci', config, 'write'))) return staged?.size ? DENIED : NO_DATA;
    const files = new Map([...staged.keys()].map((config) => [config, this.#files.text(`/etc/config/${config}`) ?? '']));
    const refusal = this.#written([...staged.values()].map(({ present }) => present));
    if (refusal !== null) return refusal;
    this.#stages.delete(session.id);
    if (wantsRollback) this.#open(session.id, files, staged, typeof timeout === 'number' ? timeout : WINDOW);
    return OK;
  }

  #open(session: string, files: ReadonlyMap<string, string>, stages: ReadonlyMap<string, Stage>, seconds: number): void {
    const cancel = this.#clock.after(seconds * 1000, () => this.#restore());
    this.#window = { session, files, stages, cancel, holds: true };
    if (seconds === 0) this.#restore();
  }

  #end(session: Session, method: 'confirm' | 'rollback'): Answer {
    if (!this.#window) return NO_DATA;
    if (this.#window.session !== session.id) return DENIED;
    if (method === 'rollback') this.#restore();
    else this.#close();
    return OK;
  }

  #close(): Window | null {
    const window = this.#window;
    window?.cancel();
    this.#window = null;
    return window;
  }

  /** The old files come back; what was staged is staged again for who applied it. */
  #restore(): void {
    const window = this.#close();
    if (!window?.holds) return;
    for (const [config, text] of window.files) this.#files.write(`/etc/config/${config}`, text);
    this.#stages.set(window.session, new Map(window.stages));
    this.#hooks.changed([...window.files.keys()]);
  }

  /** null when all are on flash. */
  #written(packages: readonly UciPackage[]): number | null {
    try {
      for (const one of packages) this.#files.write(`/etc/config/${one.name}`, printUci(one));
    } catch (error) {
      if (error instanceof FlashError) return 9;
      throw error;
    }
    this.#hooks.changed(packages.map(({ name }) => name));
    return null;
  }
}

/** Positions of sections of a type, with these values. */
function matching(found: UciPackage, type: unknown, match: unknown): number[] {
  const wanted = isPlainObject(match) ? Object.entries(match) : [];
  const fits = (section: UciSection): boolean =>
    (typeof type !== 'string' || section.type === type) && wanted.every(([option, value]) => section.options.get(option) === value);
  return found.sections.flatMap((section, index) => (fits(section) ? [index] : []));
}

function viewOf(found: UciPackage, index: number, withIndex: boolean): Record<string, unknown> {
  const section = found.sections[index];
  if (!section) return {};
  return {
    '.anonymous': section.name === undefined,
    '.type': section.type,
    '.name': idsOf(found)[index],
    ...(withIndex ? { '.index': index } : {}),
    ...Object.fromEntries(section.options),
  };
}

interface Outcome {
  readonly present: UciPackage;
  readonly changes: readonly Change[];
  readonly answer?: Answer;
}

function edited(method: 'add' | 'set' | 'delete' | 'rename' | 'order', before: UciPackage, args: Args): Outcome | number {
  switch (method) {
    case 'add':
      return added(before, args);
    case 'set':
      return set(before, args);
    case 'delete':
      return deleted(before, args);
    case 'rename':
      return renamed(before, args);
    case 'order':
      return ordered(before, args);
  }
}

function added(before: UciPackage, { type, name, values }: Args): Outcome | number {
  if (typeof type !== 'string') return INVALID;
  const known = typeof name === 'string' ? { name } : {};
  const texts = textsOf(values ?? {});
  if (texts === null) return INVALID;
  const present = addSection(before, { ...known, type, values: texts });
  if (typeof present === 'number') return present;
  const section = typeof name === 'string' ? name : (idsOf(present).at(-1) ?? '');
  const first: Change = typeof name === 'string' ? ['set', section, type] : ['add', section, type];
  return { present, changes: [first, ...valueChanges(undefined, section, texts)], answer: { section } };
}

function set(before: UciPackage, { section, type, match, values }: Args): Outcome | number {
  const texts = textsOf(values);
  if (texts === null) return INVALID;
  const ids = typeof section === 'string' ? [section] : matching(before, type, match).map((index) => idsOf(before)[index] ?? '');
  if (ids.length === 0) return NOT_FOUND;
  let present: Edited = before;
  const changes: Change[] = [];
  for (const id of ids) {
    const at = positionOf(present, id);
    const known: UciSection | undefined = present.sections[at];
    changes.push(...valueChanges(known, idsOf(present)[at] ?? '', texts));
    present = setOptions(present, id, texts);
    if (typeof present === 'number') return present;
  }
  return { present, changes };
}

function deleted(before: UciPackage, { section, option, options }: Args): Outcome | number {
  if (typeof section !== 'string') return INVALID;
  const names = typeof option === 'string' ? [option] : Array.isArray(options) ? options.map(String) : undefined;
  const present = deleteFrom(before, section, names);
  if (typeof present === 'number') return present;
  const id = idsOf(before)[positionOf(before, section)] ?? '';
  const had = before.sections[positionOf(before, section)]?.options;
  return { present, changes: names === undefined ? [['remove', id]] : names.filter((name) => had?.has(name)).map((name) => ['remove', id, name]) };
}

function renamed(before: UciPackage, { section, option, name }: Args): Outcome | number {
  if (typeof section !== 'string' || typeof name !== 'string') return INVALID;
  const present = rename(before, section, name, typeof option === 'string' ? option : undefined);
  if (typeof present === 'number') return present;
  return { present, changes: present === before ? [] : [typeof option === 'string' ? ['rename', section, option, name] : ['rename', section, name]] };
}

function ordered(before: UciPackage, { sections }: Args): Outcome | number {
  if (!Array.isArray(sections)) return INVALID;
  const wanted = sections.map(String);
  const present = order(before, wanted);
  if (typeof present === 'number') return present;
  return { present, changes: moves(before, wanted) };
}

/** One for each section that is not where it is to be, once those before it are. */
function moves(before: UciPackage, wanted: readonly string[]): Change[] {
  const now = [...before.sections];
  const changes: Change[] = [];
  const known = wanted.flatMap((id) => {
    const section = before.sections[positionOf(before, id)];
    return section ? [{ id, section }] : [];
  });
  for (const [index, { id, section }] of known.entries()) {
    if (now[index] === section) continue;
    now.splice(now.indexOf(section), 1);
    now.splice(index, 0, section);
    changes.push(['order', id, index]);
  }
  return changes;
}

/** What the blob that rpcd reads makes of JSON: numbers without sign, and nothing of what is no text, number, flag or list of them. */
function textsOf(values: unknown): Record<string, UciValue> | null {
  if (!isPlainObject(values)) return null;
  const entries = Object.entries(values).map(([name, value]): [string, UciValue | null] => [name, Array.isArray(value) ? listOf(value) : textOf(value)]);
  return entries.every((entry): entry is [string, UciValue] => entry[1] !== null) ? Object.fromEntries(entries) : null;
}

function listOf(items: readonly unknown[]): readonly string[] | null {
  const texts = items.map(textOf);
  return texts.length > 0 && texts.every((item) => item !== null) ? texts : null;
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value !== 'number' || !Number.isInteger(value)) return null;
  return String(value < 0 ? value >>> 0 : value);
}

function valueChanges(before: UciSection | undefined, section: string, values: Readonly<Record<string, UciValue>>): Change[] {
  return Object.entries(values).flatMap(([option, value]): Change[] => {
    const had = before?.options.get(option);
    const gone: Change[] = had !== undefined && (typeof had === 'object' || typeof value === 'object' || value === '') ? [['remove', section, option]] : [];
    if (value === '') return gone;
    return [
      ...gone,
      ...(typeof value === 'string' ? [['set', section, option, value] as const] : value.map((item): Change => ['list-add', section, option, item])),
    ];
  });
}
