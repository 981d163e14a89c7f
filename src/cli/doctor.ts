/** `weir doctor`: can this host do what Edgeweir needs, and if not, what is to be done. Changes nothing. */
import type { Config } from '../config/options.ts';
import { CliError } from './cli-error.ts';
import { bridgeChecks } from './doctor-bridges.ts';
import { kernelChecks, nodeCheck, programChecks, userCheck } from './doctor-host.ts';
import { portChecks, serverChecks, stateChecks } from './doctor-server.ts';
import type { Finding } from './finding.ts';
import { type OutputOptions, formatRows } from './output.ts';

export async function findings(config: Config): Promise<Finding[]> {
  const host = [nodeCheck(), userCheck(), ...(await programChecks(config)), ...(await kernelChecks()), ...(await bridgeChecks(config))];
  const server = await serverChecks(config);
  return [...host, ...stateChecks(config), ...server.findings, ...(server.running ? [] : await portChecks(config))];
}

export async function doctor(config: Config, output: OutputOptions): Promise<void> {
  const found = await findings(config);
  const rows = found.map(({ check, result, detail, remedy }) => ({ Check: check, Result: result, Detail: detail, 'What to do': remedy }));
  process.stdout.write(formatRows(rows, ['Check', 'Result', 'Detail', 'What to do'], output));
  const failed = found.filter(({ result }) => result === 'fail').length;
  if (failed > 0) throw new CliError(`This host is not ready: ${failed} of ${found.length} checks failed`, { exitCode: 2 });
}
