/** `weir gateway adopt`: asks no server. */
import { adoptionScript } from '../../nodes/openwrt/adoption.ts';
import { CliError } from '../cli-error.ts';
import { flag, last } from './flags.ts';
import type { Verb } from './verb.ts';

export const adopt: Verb = {
  words: ['adopt'],
  doc: 'print the shell script that makes an OpenWrt device a gateway: a user with the least rights that work, and the guard of changes',
  args: [],
  flags: [flag('username', 'name of the user (default edgeweir)', '<name>')],
  run(call) {
    try {
      call.print(adoptionScript({ username: last(call.given, 'username') ?? 'edgeweir' }));
    } catch (error) {
      if (error instanceof RangeError) throw new CliError(error.message, { remedy: 'Letters, digits, dashes and underscores.', exitCode: 2 });
      throw error;
    }
    return Promise.resolve();
  },
};
