import { BerthError } from '@berth/model/error';
import { asList, asString, asStrings, type JsonValue, member, readJson, required } from '@berth/model/json-reader';
import { maxManifestSize } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import { type Members, readMember } from './member.ts';

export const dockerManifestFile = 'manifest.json';

/** One image of docker's manifest.json (moby image spec v1.2, "Combined Image JSON + Filesystem Changeset"). */
export interface DockerImage {
  /** Member path of the config. */
  readonly config: string;
  /** Normalised. */
  readonly names: readonly string[];
  /** Member paths, bottom first. */
  readonly layers: readonly string[];
}

/** The images that manifest.json lists; undefined when there is no such file. @throws invalid_argument (`bad_json`) */
export async function readDockerManifest(members: Members): Promise<readonly DockerImage[] | undefined> {
  const file = members.get(dockerManifestFile);
  if (file === undefined) return undefined;
  const bytes = await readMember(file, dockerManifestFile, maxManifestSize);
  return asList(readList(bytes)).map((image) => ({
    config: asString(required(image, 'Config')),
    names: namesOf(image),
    layers: asStrings(member(image, 'Layers') ?? { value: [], path: '' }),
  }));
}

/** The reader of documents wants an object: the list is given one. */
function readList(bytes: Uint8Array): JsonValue {
  const wrapped = Buffer.concat([Buffer.from('{"images":'), bytes, Buffer.from('}')]);
  return { ...required(readJson(wrapped, dockerManifestFile, wrapped.length), 'images'), path: dockerManifestFile };
}

function namesOf(image: JsonValue): readonly string[] {
  const tags = member(image, 'RepoTags');
  if (tags === undefined) return [];
  return asList(tags).map((tag) => {
    const text = asString(tag);
    try {
      return parseReference(text).name;
    } catch (cause) {
      throw new BerthError('invalid_argument', `${tag.path} '${text}' is not an image reference`, {
        code: 'bad_reference',
        cause,
      });
    }
  });
}
