import { create, type DescMessage, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * Items of lists that kubelet asks for every second and that hardly ever change: each is encoded once for as long as it is
 * the same, because the encoding of labels and annotations takes longer than all the rest of such a call (500 containers:
 * 4 ms of 5).
 */
export class EncodedItems<I extends DescMessage> {
  readonly #schema: I;
  readonly #known = new WeakMap<object, { readonly version: string; readonly bytes: Uint8Array }>();

  constructor(schema: I) {
    this.#schema = schema;
  }

  /**
   * @param owner what lives as long as the item; its bytes go with it
   * @param version of all that may change of the item while it has this owner
   * @returns the bytes with their length in front, as a field of a message has them
   */
  of(owner: object, version: string, item: () => MessageInitShape<I>): Uint8Array {
    const known = this.#known.get(owner);
    if (known?.version === version) return known.bytes;
    const bytes = new BinaryWriter().bytes(toBinary(this.#schema, create(this.#schema, item()))).finish();
    this.#known.set(owner, { version, bytes });
    return bytes;
  }
}

/** A message whose one field, a list of messages, has these. @param number of the field */
export function encodedList<S extends DescMessage>(
  schema: S,
  number: number,
  items: readonly Uint8Array[],
): MessageShape<S> {
  const message = create(schema);
  // What a message does not know of itself is written as it is.
  message.$unknown = items.map((data) => ({ no: number, wireType: WireType.LengthDelimited, data }));
  return message;
}
