/**
 * Every table of the engine, on one page. `migrations[n]` takes a database from version n to n + 1; a step that
 * was released never changes again. Times are milliseconds since 1970, labels are JSON objects.
 */
export const migrations: readonly string[] = [
  `
  -- Images are shared between namespaces of one share_group; '' shares with none.
  CREATE TABLE namespaces (
    name TEXT PRIMARY KEY,
    labels TEXT NOT NULL,
    share_group TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX namespaces_by_group ON namespaces (share_group);

  -- target is the descriptor, JSON; its digest stands beside it for joins.
  CREATE TABLE images (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    target TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT, WITHOUT ROWID;

  -- Who sees a blob: scope is 'group/NAME' for the namespaces of a share group, else 'namespace/NAME'.
  -- A row says that the file is complete and on disk; the file goes after its last row.
  CREATE TABLE blobs (
    scope TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blobs_by_digest ON blobs (digest);

  -- id names the folder. The last four columns are what a committed tree had when it was committed.
  CREATE TABLE snapshots (
    key TEXT PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    driver TEXT NOT NULL,
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
    parent TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    inodes INTEGER,
    disk_bytes INTEGER,
    file_bytes INTEGER,
    empty_files INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX snapshots_by_parent ON snapshots (parent);

  CREATE TABLE containers (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    image_target TEXT NOT NULL,
    snapshot_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (namespace, name)
  ) STRICT;
  CREATE INDEX containers_by_age ON containers (created_at DESC);

  -- expires_at NULL: the lease lives until it is deleted.
  CREATE TABLE leases (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (namespace, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE lease_resources (
    namespace TEXT NOT NULL,
    lease TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('blob', 'snapshot')),
    key TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, kind, key)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO namespaces VALUES ('default', '{}', 'default'), ('k8s.io', '{}', 'default'), ('moby', '{}', 'default');
  `,
  `
  -- Images by what they point at.
  CREATE INDEX images_by_digest ON images (namespace, digest);

  -- From a document up to those that name it, so that an image is found by the digest of its config: the gc.ref.content
  -- labels of manifests and indexes but for those of layers (.l.N). Triggers keep it.
  CREATE TABLE document_parents (
    scope TEXT NOT NULL,
    child TEXT NOT NULL,
    parent TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (scope, child, parent, label)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX document_parents_by_parent ON document_parents (scope, parent);
  INSERT INTO document_parents
    SELECT scope, value, digest, substr(key, 30) FROM blobs, json_each(blobs.labels)
      WHERE key GLOB 'containerd.io/gc.ref.content.*' AND key NOT GLOB '*.l.*';
  CREATE TRIGGER blob_added AFTER INSERT ON blobs WHEN NEW.labels GLOB '*gc.ref.content.*' BEGIN
    INSERT INTO document_parents SELECT NEW.scope, value, NEW.digest, substr(key, 30) FROM json_each(NEW.labels)
      WHERE key GLOB 'containerd.io/gc.ref.content.*' AND key NOT GLOB '*.l.*';
  END;
  CREATE TRIGGER blob_labelled AFTER UPDATE OF labels ON blobs WHEN NEW.labels <> OLD.labels BEGIN
    DELETE FROM document_parents WHERE scope = OLD.scope AND parent = OLD.digest;
    INSERT INTO document_parents SELECT NEW.scope, value, NEW.digest, substr(key, 30) FROM json_each(NEW.labels)
      WHERE key GLOB 'containerd.io/gc.ref.content.*' AND key NOT GLOB '*.l.*';
  END;
  CREATE TRIGGER blob_removed AFTER DELETE ON blobs BEGIN
    DELETE FROM document_parents WHERE scope = OLD.scope AND parent = OLD.digest;
  END;

  -- The same with ingests, which have no name but their reference in the content store.
  CREATE TABLE leased (
    namespace TEXT NOT NULL,
    lease TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('blob', 'snapshot', 'ingest')),
    key TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, kind, key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO leased SELECT * FROM lease_resources;
  DROP TABLE lease_resources;
  ALTER TABLE leased RENAME TO lease_resources;
  `,
  `
  -- Pods; their processes are containers. Both are written on the way of a call, so ids alone are indexed.
  CREATE TABLE pods (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The namespace that asked for the name: the others of its share group have it because that one has. A name of before
  -- counts as asked for where it is.
  ALTER TABLE images ADD COLUMN origin TEXT NOT NULL DEFAULT '';
  UPDATE images SET origin = namespace;
  `,
];

/** In the file's header, so that a stranger's database is never taken for ours ('Brth'). */
export const applicationId = 0x42727468;
