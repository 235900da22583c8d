import { BerthError } from '@berth/model/error';
import type { Collector, MetadataStore, NamespaceRecord } from '#store/metadata';
import type { NamespaceService, NamespaceView } from './contract.ts';

export interface NamespaceBackend {
  readonly metadata: MetadataStore;
  readonly collector: Collector;
}

export function createNamespaceService({ metadata, collector }: NamespaceBackend): NamespaceService {
  return {
    list: () => metadata.read((tx) => tx.namespaces.list()).map(toView),
    async put(_context, name, { labels = {}, shareGroup }) {
      checkName(name, 'namespace');
      if (shareGroup !== undefined && shareGroup !== '') checkName(shareGroup, 'share group');
      return await metadata.write((tx) => {
        const before = tx.namespaces.get(name);
        const merged = Object.entries({ ...before?.labels, ...labels }).filter(([, value]) => value !== '');
        const group = shareGroup ?? before?.shareGroup ?? '';
        tx.namespaces.put({ name, labels: Object.fromEntries(merged), shareGroup: group });
        return toView(tx.namespaces.get(name)!);
      });
    },
    async remove(_context, name) {
      // What nothing holds any more must not be what keeps it.
      await collector.collect();
      await metadata.write((tx) => tx.namespaces.delete(name));
    },
  };
}

/** containerd's identifiers (its pkg/identifiers): they are parts of paths and of keys. */
const identifier = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const longest = 76;

function checkName(name: string, what: 'namespace' | 'share group'): void {
  if (identifier.test(name) && name.length <= longest) return;
  throw new BerthError('invalid_argument', `'${name}' cannot be the name of a ${what}`, {
    code: what === 'namespace' ? 'bad_namespace' : 'bad_share_group',
    hint: `letters and digits, with single dots, dashes and underscores between them, at most ${longest}`,
  });
}

function toView({ name, labels, shareGroup }: NamespaceRecord): NamespaceView {
  return { name, labels, shareGroup };
}
