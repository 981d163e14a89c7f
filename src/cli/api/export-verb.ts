/** `weir export SITE`: what Edgeweir wants to have on the gateways of a site, for review. */
import { type Row, formatTree, harmless } from '../output.ts';
import { objectPath } from './api-request.ts';
import { rowsIn } from './list-verb.ts';
import { nounNamed } from './nouns.ts';
import { textOf } from './text-of.ts';
import { type Call, type Verb, keyOf, objectIn } from './verb.ts';

export const exportSite: Verb = {
  words: [],
  doc: 'print what Edgeweir wants to have on each gateway of a site, as UCI and haproxy.cfg; no gateway is asked',
  args: ['site'],
  flags: [],
  async run(call: Call) {
    const session = await call.connect();
    const place = { noun: nounNamed('site'), parent: null };
    const path = objectPath(place, await keyOf(session, place, call.args), 'config');
    const config = objectIn((await session.send({ service: 'edge', method: 'GET', path })).body, 'config');
    const { format } = call.output;
    call.print(format === 'json' || format === 'yaml' ? formatTree(config, format) : siteText(config));
  },
};

/** Each file behind a line that says whose it is. */
function siteText(config: Row): string {
  const parts = rowsIn(config, 'gateways').flatMap((gateway) => [
    ...rowsIn(gateway, 'files').map((file) => fileText(gateway, file)),
    ...rowsIn(gateway, 'left_out').map((balancer) => leftOutText(gateway, balancer)),
  ]);
  return parts.join('\n');
}

function fileText({ name }: Row, { path, text }: Row): string {
  const head = `# gateway ${textOf(name)}: ${textOf(path)}`;
  return typeof text === 'string' ? `${plain(head)}\n${plain(text)}` : `${plain(head)} (not shown)\n`;
}

function leftOutText({ name }: Row, { name: balancer, loadbalancer_id: id, reason }: Row): string {
  const said = `gateway ${textOf(name)}: load balancer ${textOf(balancer)} (${textOf(id)}) is left out: ${textOf(reason)}`;
  return `# ${harmless(said)}\n`;
}

/** Of control characters only those that such files are made of. */
function plain(text: string): string {
  return text.replaceAll(/[^\n\t]+/g, harmless);
}
