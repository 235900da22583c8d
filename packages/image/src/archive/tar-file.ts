import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { BlobHints, SourceBlob } from '../medium/medium.ts';
import { tarEnd, tarHeader, tarPadding } from '../tar/writer.ts';
import { syncFolder } from './sync-folder.ts';
import { memoryBlob } from './file-blob.ts';
import { makeBeside, type Making } from './making.ts';
import { writeAll, writeVerified } from './verified-write.ts';

/**
 * A tar in the making, beside the file that it will be. Every member has its place as soon as its size is known, so
 * that several are written at once and none waits in memory or in a file of its own. Without `finish` nothing stays.
 */
export class TarFile implements AsyncDisposable {
  readonly #path: string;
  readonly #making: Making;
  readonly #file: FileHandle;
  readonly #members = new Map<string, Member>();
  #end = 0;

  /** @throws not_found (no such folder), permission_denied, failed_precondition (`read_only`) */
  static async create(path: string): Promise<TarFile> {
    const making = await makeBeside(path, 'file');
    return new TarFile(path, making, await open(making.path, 'r+'));
  }

  private constructor(path: string, making: Making, file: FileHandle) {
    this.#path = path;
    this.#making = making;
    this.#file = file;
  }

  has(name: string): boolean {
    return this.#members.get(name)?.complete === true;
  }

  /** Writes a member, verified. A second try takes the same place. @throws as `writeVerified` */
  async put(
    name: string,
    descriptor: Descriptor,
    source: SourceBlob,
    hints: Pick<BlobHints, 'signal' | 'onProgress'>,
  ): Promise<void> {
    const member = this.#members.get(name) ?? (await this.#reserve(name, descriptor.size));
    if (member.complete) return;
    await writeVerified(this.#file, descriptor, source, { ...hints, position: member.position });
    member.complete = true;
  }

  async putDocument(name: string, descriptor: Descriptor, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.put(name, descriptor, memoryBlob(bytes), { signal });
  }

  /** Writes a member that no descriptor names. */
  async append(name: string, bytes: Uint8Array): Promise<void> {
    const { position } = await this.#reserve(name, bytes.length);
    await writeAll(this.#file, bytes, position);
    this.#members.set(name, { position, complete: true });
  }

  async appendFolder(name: string): Promise<void> {
    const header = tarHeader({ name: `${name}/`, flag: '5', size: 0 });
    const position = this.#end;
    this.#end += header.length;
    await writeAll(this.#file, header, position);
  }

  /** Ends the archive and lets it take its name: whole and on the disk, or not at all. */
  async finish(): Promise<void> {
    for (const [name, { complete }] of this.#members) {
      if (!complete) throw new BerthError('internal', `${name} was begun and never ended in ${this.#path}`);
    }
    await writeAll(this.#file, tarEnd, this.#end);
    await this.#file.sync();
    await rename(this.#making.path, this.#path);
    await syncFolder(dirname(this.#path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#making;
    await this.#file.close();
  }

  async #reserve(name: string, size: number): Promise<Member> {
    const header = tarHeader({ name, size });
    const start = this.#end;
    const position = start + header.length;
    const padding = tarPadding(size);
    this.#end = position + size + padding.length;
    const member = { position, complete: false };
    this.#members.set(name, member);
    await writeAll(this.#file, header, start);
    await writeAll(this.#file, padding, position + size);
    return member;
  }
}

interface Member {
  readonly position: number;
  complete: boolean;
}
