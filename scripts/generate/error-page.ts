/** docs/errors.md: the catalogue of faults. */
import { exampleFaults } from './fault-examples.ts';
import { NOTICE, code, table } from './markdown.ts';

const INTRODUCTION = `Errors of the load balancing face have Octavia's shape and words; clients read \`faultstring\`:

\`\`\`json
{"faultcode": "Client", "faultstring": "Listener 4f2d… not found.", "debuginfo": null}
\`\`\`

\`faultcode\` is \`Client\` below 500 and \`Server\` from there on. Paths that do not exist and wrong methods answer
\`{"code", "title", "description"}\`; a missing or expired token answers 401 in Keystone's shape, with \`WWW-Authenticate\`.
The **code** names an error in the server's log and in this list; it does not change between releases.`;

export function errorPage(): string {
  const rows = exampleFaults().map(({ code: name, status, message }) => [code(name), String(status), message]);
  return `${[NOTICE, '# Errors', INTRODUCTION, table(['code', 'status', 'example'], rows)].join('\n\n')}\n`;
}
