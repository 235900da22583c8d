import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyLayer } from '@berth/image/layer/apply';
import type { LayerJob, LayerResult } from '@berth/image/layer/job';
import { tarArchive, type TarMember } from '@berth/image/tar/writer';

/** A temporary folder for layers and the folders they are unpacked into. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'berth-image-'));
  #count = 0;

  folder(): string {
    const path = join(this.path, `folder-${this.#count++}`);
    mkdirSync(path);
    return path;
  }

  file(bytes: Uint8Array): string {
    const path = join(this.path, `file-${this.#count++}`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Unpacks an archive made of these members. */
  async unpack(members: readonly Content[], into: string, job: Partial<LayerJob> = {}): Promise<LayerResult> {
    const path = this.file(tarArchive(members));
    return await applyLayer({ source: { path }, compression: 'none', unpackTo: into, ...job });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export type Content = TarMember & { readonly content?: string | Uint8Array };

/** Why tests that need root are skipped; false when they can run. */
export const needsRoot: string | false =
  process.getuid?.() === 0 ? false : 'needs root: owners, devices and trusted attributes';
