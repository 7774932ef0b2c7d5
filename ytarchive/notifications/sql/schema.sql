-- notifications.db: notifications, their deliveries, and what was last observed. It is not in
-- backups: a restored one would send old notifications again.

PRAGMA user_version = 100;

CREATE TABLE notifications (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL        -- microseconds since 1970, as all times
) STRICT;

CREATE INDEX notifications_by_age ON notifications (created_at);

CREATE TABLE deliveries (
    notification_id INTEGER NOT NULL REFERENCES notifications ON DELETE CASCADE,
    target TEXT NOT NULL,              -- digest of the target's address, which is a secret
    name TEXT NOT NULL,                -- kind and host of the target
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,                   -- null: delivered, or given up
    delivered_at INTEGER,
    error TEXT,
    PRIMARY KEY (notification_id, target)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE observed (
    name TEXT PRIMARY KEY,             -- of the observer
    state TEXT NOT NULL                -- JSON: what it has seen
) STRICT, WITHOUT ROWID;
