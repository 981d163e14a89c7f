/** Keystone's version document. */
export interface Version {
  readonly id: string;
  readonly status: string;
  readonly updated: string;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
  readonly 'media-types': readonly { readonly base: string; readonly type: string }[];
}

/** `base`: address of the server, without a slash at its end. */
export function version(base: string): Version {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${base}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}
