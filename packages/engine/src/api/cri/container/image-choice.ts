import type { ImageChoice } from '@berth/model/pod-config';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { required, requiredText } from '../field.ts';

/** @throws invalid_argument when no image is named */
export function imageChoice(given: wire.ImageSpec | undefined, path: string): ImageChoice {
  const { image, userSpecifiedImage, annotations, runtimeHandler } = required(given, path);
  return {
    image: requiredText(image, `${path}.image`),
    userSpecified: userSpecifiedImage,
    annotations,
    runtimeHandler,
  };
}

/** The way back. */
export function imageSpec({ image, userSpecified, annotations, runtimeHandler }: ImageChoice) {
  return { image, userSpecifiedImage: userSpecified, annotations, runtimeHandler };
}

/**
 * The image of a container's status. kubelet asks for images by id, and shows this to people: they are told what
 * they had written.
 */
export function statusImage(choice: ImageChoice) {
  const isId = /^(sha256:)?[0-9a-f]{64}$/.test(choice.image);
  const image = isId && choice.userSpecified !== '' ? choice.userSpecified : choice.image;
  return imageSpec({ ...choice, image });
}
