import { BerthError } from '@berth/model/error';
import { maxManifestSize } from '@berth/model/manifest';
import { asString, member, readJson } from '@berth/model/json-reader';
import { isIndexType, isManifestType, mediaTypes } from '@berth/model/media-type';

/**
 * What the bytes are: as the document says, else as the registry says, else by what is in them (OCI made `mediaType`
 * optional). @throws invalid_argument (`bad_json`, `unknown_schema`, `unknown_media_type`)
 */
export function mediaTypeOf(bytes: Uint8Array, announced: string, title: string): string {
  const json = readJson(bytes, title, maxManifestSize);
  if (member(json, 'schemaVersion')?.value === 1)
    throw new BerthError('invalid_argument', `${title} is of schema 1`, {
      code: 'unknown_schema',
      hint: 'push the image again with a current docker: schema 1 was retired in 2017',
    });
  const written = member(json, 'mediaType');
  for (const type of [written === undefined ? '' : asString(written), announced])
    if (isIndexType(type) || isManifestType(type)) return type;
  if (member(json, 'manifests') !== undefined) return mediaTypes.ociIndex;
  if (member(json, 'config') !== undefined) return mediaTypes.ociManifest;
  throw new BerthError('invalid_argument', `${title} is neither a manifest nor an index`, {
    code: 'unknown_media_type',
  });
}
