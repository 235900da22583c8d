import { familiarName } from '@berth/model/reference';
import type * as wire from '@berth/wire/native/api';
import * as v from 'valibot';
import type { LeaseView } from '#service/lease/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { flag, readBody, required } from './body.ts';
import { callContext, type NativeBackend } from './backend.ts';

const labels = v.optional(v.record(v.string(), v.string()));
const namespaceSchema = v.optional(v.strictObject({ labels, shareGroup: v.optional(v.string()) }), {});
const leaseSchema = v.optional(v.strictObject({ id: v.optional(v.string()), ttl: v.optional(v.number()), labels }), {});

/** What lies on the disk, and what keeps it there: disk use, collection, namespaces, leases. */
export function storageRoutes(backend: NativeBackend): Route[] {
  const { collection, namespaces, leases } = backend;
  const context = (request: HttpRequest) => callContext(backend, request);
  const name = ({ params }: HttpRequest): string => params['name'] ?? '';
  return [
    { method: 'GET', path: '/system/df', handle: (request) => diskUse(backend, request) },
    { method: 'POST', path: '/gc', handle: async (request) => ({ json: await collection.collect(context(request)) }) },
    {
      method: 'GET',
      path: '/gc/explain',
      handle: async (request) => ({ json: await collection.explain(context(request), required(request, 'ref')) }),
    },
    { method: 'GET', path: '/namespaces', handle: (request) => ({ json: namespaces.list(context(request)) }) },
    {
      method: 'POST',
      path: '/namespaces/:name',
      handle: async (request) => {
        const change = some(await readBody(request, namespaceSchema));
        return { json: await namespaces.put(context(request), name(request), change) };
      },
    },
    {
      method: 'DELETE',
      path: '/namespaces/:name',
      handle: async (request) => {
        await namespaces.remove(context(request), name(request));
        return { status: 204 };
      },
    },
    { method: 'GET', path: '/leases', handle: (request) => ({ json: leases.list(context(request)).map(leaseView) }) },
    {
      method: 'POST',
      path: '/leases',
      handle: async (request) => {
        const wish = some(await readBody(request, leaseSchema));
        return { json: leaseView(await leases.create(context(request), wish)), status: 201 };
      },
    },
    {
      method: 'DELETE',
      path: '/leases/:name',
      handle: async (request) => {
        await leases.remove(context(request), name(request), { sync: flag(request, 'sync') });
        return { status: 204 };
      },
    },
  ];
}

async function diskUse(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const { images, ...use } = await backend.disk.use(callContext(backend, request));
  const answer: wire.DiskUse = {
    ...use,
    images: images.map((image) => ({ ...image, names: image.names.map(familiarName) })),
  };
  return { json: answer };
}

function leaseView({ createdAt, expiresAt, ...view }: LeaseView): wire.LeaseView {
  const end = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() };
  return { ...view, createdAt: new Date(createdAt).toISOString(), ...end };
}

/** The fields that are there. */
function some<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
