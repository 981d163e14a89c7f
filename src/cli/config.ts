/** `weir config`: the sample and what is in force. */
import { sampleConfig, shownConfig } from '../config/sample.ts';
import type { Config } from '../config/options.ts';

export function printSample(): void {
  process.stdout.write(sampleConfig());
}

export function printConfig(config: Config): void {
  process.stdout.write(shownConfig(config));
}
