-- retention.db: the rules by which videos of subscriptions are removed, and what they removed.
-- Times are microseconds since 1970 in UTC.

PRAGMA user_version = 100;

CREATE TABLE rules (
    subscription_id TEXT PRIMARY KEY,
    rule TEXT NOT NULL,               -- RetentionRule as JSON
    previewed_at INTEGER,
    preview TEXT,                     -- digest of all rules that were applied in that preview
    counted_until INTEGER,            -- the time by which ages were computed; null: not applied yet
    last_run_at INTEGER,
    last_problem TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE removals (
    id INTEGER PRIMARY KEY,
    video_id TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    subscription_id TEXT NOT NULL,
    subscription_title TEXT NOT NULL,
    limit_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    removed_at INTEGER NOT NULL,
    UNIQUE (video_id, stored_at)
) STRICT;
