/**
 * All that this command does with images itself: copies, registries, credentials. It is imported only when it is needed
 * and only from here: the build keeps it in a file of its own, because merely to read it would cost every other command
 * some milliseconds (`scripts/build/image-work.ts`).
 */
export { copyImages } from '@berth/image/copy/copy';
export { parseLocation } from '@berth/image/medium/location';
export { openSource, openTarget } from '@berth/image/medium/open';
export { createRegistryClient } from '@berth/image/registry/client';
export { credentialChain } from '@berth/image/registry/credentials/chain';
export { hostOfKey } from '@berth/image/registry/credentials/host-key';
export { eraseCredentials, storeCredentials } from '@berth/image/registry/credentials/store';
