/** Every noun of the API with its verbs, made from the table of nouns. */
import { adopt } from './adopt-verb.ts';
import { importUci } from '../import/import-verb.ts';
import { type Extra, NOUNS, type Noun } from './nouns.ts';
import { exportSite } from './export-verb.ts';
import { extraVerb } from './extra-verbs.ts';
import { listVerb } from './list-verb.ts';
import { createVerb, deleteVerb, setVerb, showVerb, unsetVerb } from './object-verbs.ts';
import { PROVIDER_VERBS } from './provider-verbs.ts';
import type { Verb } from './verb.ts';

export interface NounCommand {
  readonly word: string;
  readonly doc: string;
  /** Made when it is asked for: most runs need one noun. */
  readonly verbs: () => readonly Verb[];
}

const MAKERS = { list: listVerb, show: showVerb, create: createVerb, set: setVerb, unset: unsetVerb, delete: deleteVerb } as const;

export const NOUN_COMMANDS: readonly NounCommand[] = [
  ...NOUNS.map((noun) => ({ word: noun.noun, doc: noun.resource.doc, verbs: () => verbsOf(noun) })),
  { word: 'export', doc: 'Print what gateways of a site should have.', verbs: () => [exportSite] },
  { word: 'import', doc: 'Take over what people have.', verbs: () => [importUci] },
  { word: 'provider', doc: 'What carries load balancers.', verbs: () => PROVIDER_VERBS },
];

/** Verbs that are no request to the server. */
const OWN_VERBS: Readonly<Record<string, readonly Verb[]>> = { gateway: [adopt] };

function verbsOf(noun: Noun): Verb[] {
  return [...noun.verbs.map((verb) => MAKERS[verb](noun)), ...noun.extras.map((extra: Extra) => extraVerb(noun, extra)), ...(OWN_VERBS[noun.noun] ?? [])];
}
