import { errnoName } from '@berth/model/error';
import { attributesOf, IFLA, NLM_F, type RouteMessage, RouteSocket, RTM } from '../launch/route-socket.ts';
import { link, linkSize, text } from './link.ts';

export interface LinkFacts {
  readonly index: number;
  readonly mtu: number;
}

/** A device of our network namespace, or of the one at `path`; undefined when there is none of that name. */
export function findLink(name: string, path?: string): LinkFacts | undefined {
  using socket = RouteSocket.open(path);
  try {
    const [found] = socket.ask(
      { type: RTM.GETLINK, flags: 0, fixed: link(0), attributes: [[IFLA.IFNAME, text(name)]] },
      name,
    );
    return found === undefined ? undefined : factsOf(found);
  } catch (error) {
    if (errnoName(error) === 'ENODEV') return undefined;
    throw error;
  }
}

/** RTA_OIF of linux/rtnetlink.h. */
const outgoing = 4;
const rtmsgSize = 12;

/** The largest packet of the device that IPv4's default route goes out of; undefined without such a route. */
export function defaultRouteMtu(): number | undefined {
  using socket = RouteSocket.open();
  const fixed = Buffer.alloc(rtmsgSize);
  fixed.writeUInt8(2, 0); // AF_INET
  const routes = socket.ask({ type: RTM.GETROUTE, flags: NLM_F.DUMP, fixed }, 'routes');
  // No bits of a destination, a route to hosts.
  const found = routes.find(({ body }) => body.readUInt8(1) === 0 && body.readUInt8(7) === 1);
  const index = found === undefined ? undefined : attributesOf(found, rtmsgSize).get(outgoing)?.readUInt32LE(0);
  if (index === undefined) return undefined;
  const [device] = socket.ask({ type: RTM.GETLINK, flags: 0, fixed: link(index) }, `device ${index}`);
  return device === undefined ? undefined : factsOf(device).mtu;
}

function factsOf(message: RouteMessage): LinkFacts {
  const mtu = attributesOf(message, linkSize).get(IFLA.MTU)?.readUInt32LE(0) ?? 1500;
  return { index: message.body.readInt32LE(4), mtu };
}
