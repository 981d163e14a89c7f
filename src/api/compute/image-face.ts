/**
 * The image face: a Glance v2 without images. The openstack command refuses to list servers where the catalogue has no image
 * service, even if it has nothing to ask it (`openstack server list --no-name-lookup`).
 */
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify';
import { Fault, fault } from '../../model/fault.ts';
import { bearersOnly } from '../http/bearers-only.ts';
import { noSuchPath } from '../http/no-such-path.ts';
import { refuseOtherMethods } from '../http/other-methods.ts';
import type { ComputeOptions } from './face.ts';
import { answerError } from './nova-error.ts';

export interface ImageOptions extends Pick<ComputeOptions, 'authenticate'> {
  /** Address of this face, without a slash at its end. */
  readonly baseUrl: (request: FastifyRequest) => string;
}

/** Glance answers errors in HTML; here they have Nova's shape, of which clients find the message. */
export function imageFace({ baseUrl, authenticate }: ImageOptions): FastifyPluginAsync {
  return async (app) => {
    app.setErrorHandler(answerError);
    app.setNotFoundHandler((request) => {
      throw noSuchPath(request);
    });
    const refuse = refuseOtherMethods(app, fault.methodNotAllowed);
    for (const path of ['/', '/versions']) {
      app.get(path, { exposeHeadRoute: true }, async (request) => {
        const links = [{ rel: 'self', href: `${baseUrl(request)}/v2/` }];
        return { versions: [{ id: 'v2.0', status: 'CURRENT', links }] };
      });
    }
    await app.register(
      async (inner) => {
        bearersOnly(inner, authenticate);
        images(inner);
      },
      { prefix: '/v2' },
    );
    refuse();
  };
}

function images(app: FastifyInstance): void {
  app.get('/images', { exposeHeadRoute: true }, async () => ({ images: [], first: '/v2/images', schema: '/v2/schemas/images' }));
  app.get<{ Params: { id: string } }>('/images/:id', { exposeHeadRoute: true }, async ({ params }) => {
    throw new Fault('glance_not_found', 404, `No image found with ID ${params.id.slice(0, 255)}`);
  });
  app.post('/images', async () => {
    throw new Fault('glance_policy', 403, 'You are not authorized to complete add_image action.');
  });
}
