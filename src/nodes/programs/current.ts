/** Who runs programs for this process: itself, until it says that it will be large. */
import { here } from './here.ts';
import type { Programs } from './programs.ts';
import { Starter } from './starter.ts';

let starter: Starter | null = null;
let users = 0;

export function programs(): Programs {
  return starter ?? here;
}

/** From now on a small process runs them; ended when as many have said that they need it no more. */
export function useStarter(): true {
  users++;
  starter ??= new Starter();
  starter.begin();
  return true;
}

/** Once for each time that it was asked for. */
export function leaveStarter(): false {
  if (--users === 0) {
    starter?.stop();
    starter = null;
  }
  return false;
}
