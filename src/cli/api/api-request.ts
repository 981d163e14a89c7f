/** Requests of the verbs, from values alone. */
import type { Noun } from './nouns.ts';

export type Query = readonly (readonly [name: string, value: string])[];

export interface ApiRequest {
  /** Whose endpoint; the load balancers' if not said. */
  readonly service?: 'network' | 'identity' | 'edge';
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the endpoint. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an object is, by what names it and what it hangs below. */
export interface Place {
  readonly noun: Noun;
  readonly parent: string | null;
}

function collectionPath({ noun, parent }: Place): string {
  return noun.path.replace('{parent}', () => encodeURIComponent(parent ?? ''));
}

/** The path of one object, or of something below it. */
export function objectPath(place: Place, key: string, below = ''): string {
  return `${collectionPath(place)}/${encodeURIComponent(key)}${below === '' ? '' : `/${below}`}`;
}

/** Which service the object is of. */
function at({ noun }: Place): Pick<ApiRequest, 'service'> {
  return noun.service === undefined ? {} : { service: noun.service };
}

export function listRequest(place: Place, query: Query): ApiRequest {
  return { ...at(place), method: 'GET', path: collectionPath(place), query };
}

export function showRequest(place: Place, key: string): ApiRequest {
  return { ...at(place), method: 'GET', path: objectPath(place, key) };
}

export function createRequest(place: Place, attributes: Readonly<Record<string, unknown>>): ApiRequest {
  return { ...at(place), method: 'POST', path: collectionPath(place), body: { [place.noun.resource.name]: attributes } };
}

export function changeRequest(place: Place, key: string, attributes: Readonly<Record<string, unknown>>): ApiRequest {
  return { ...at(place), method: 'PUT', path: objectPath(place, key), body: { [place.noun.resource.name]: attributes } };
}

export function deleteRequest(place: Place, key: string, cascade = false): ApiRequest {
  return { ...at(place), method: 'DELETE', path: objectPath(place, key), query: cascade ? [['cascade', 'true']] : [] };
}

/** Something done to an object that has no body: a failover. */
export function actRequest(place: Place, key: string, what: string): ApiRequest {
  return { ...at(place), method: 'PUT', path: objectPath(place, key, what) };
}

/** The part of a URL behind the endpoint. */
export function targetText({ path, query = [] }: ApiRequest): string {
  const parameters = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString();
  return parameters === '' ? path : `${path}?${parameters}`;
}
