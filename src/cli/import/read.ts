/** A file of whatever kind → what it offers. Pure. */
import { parseUciLeniently } from '../../render/uci/parse.ts';
import { fromCommands } from './commands.ts';
import { fromHaproxy } from './haproxy-cfg.ts';
import { fromKeepalived } from './keepalived.ts';
import { plainText } from './plain-text.ts';
import { type Found, NOTHING, type Proposal, together } from './proposal.ts';
import { fromRedirects } from './redirects.ts';
import { fromRelayd } from './relayd.ts';
import { textIn } from './uci-values.ts';
import type { UciSection } from '../../render/uci/package.ts';

const HAPROXY = /^(?:global|defaults|frontend|backend|listen)\b/m;

export function read(raw: string): Found {
  const text = plainText(raw);
  const { package: parsed } = parseUciLeniently('imported', text);
  const { sections } = parsed;
  const parts = [
    fromRedirects(sections),
    fromKeepalived(sections),
    fromRelayd(text),
    fromCommands(text),
    sections.length === 0 && HAPROXY.test(text) ? fromHaproxy(text) : NOTHING,
    { proposals: [], remarks: [...aboutUhttpd(sections), ...aboutDevices(sections)] },
  ];
  const all = together(parts);
  return { ...all, proposals: withNames(all.proposals) };
}

/** Two of one name are told apart by a number. */
function withNames(proposals: readonly Proposal[]): Proposal[] {
  const seen = new Map<string, number>();
  return proposals.map((proposal) => {
    const nth = (seen.get(proposal.name) ?? 0) + 1;
    seen.set(proposal.name, nth);
    return nth === 1 ? proposal : { ...proposal, name: `${proposal.name}-${nth}` };
  });
}

function aboutUhttpd(sections: readonly UciSection[]): string[] {
  return sections
    .filter(({ type }) => type === 'uhttpd')
    .map((section) => {
      const ports = [textIn(section, 'listen_http'), textIn(section, 'listen_https')].filter((text) => text !== undefined).join(' ');
      return `uhttpd ${section.name ?? ''}: the router’s own web server, and no load balancer; it listens on ${ports || 'its default ports'}, where nothing else on the router’s addresses can`;
    });
}

function aboutDevices(sections: readonly UciSection[]): string[] {
  return sections
    .filter(({ type, options }) => type === 'device' && (options.has('proto') || options.has('ipaddr')))
    .map(
      (section) =>
        `device ${textIn(section, 'name') ?? section.name ?? ''}: protocol and address belong into a section of type interface; the address ${textIn(section, 'ipaddr') ?? ''} may be meant for the VIP`,
    );
}
