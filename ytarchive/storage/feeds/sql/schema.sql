-- feeds.db: the podcast feeds of the archive. Times are microseconds since 1970 in UTC.

PRAGMA user_version = 100;

CREATE TABLE feeds (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,               -- channel, playlist, profile
    source TEXT NOT NULL,             -- the id of the channel or playlist, or the profile's name
    title TEXT NOT NULL,              -- when the feed was added
    items INTEGER NOT NULL,
    base_url TEXT,                    -- null: that of the settings
    key_hash BLOB NOT NULL,           -- SHA-256 of the key, which is not stored
    created_at INTEGER NOT NULL,
    key_created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
