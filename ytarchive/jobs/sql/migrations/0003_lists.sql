ALTER TABLE jobs ADD COLUMN known INTEGER NOT NULL DEFAULT 0;

-- Lists that were listed to their end: the next listing may stop where everything is known.
CREATE TABLE lists (
    list_id TEXT PRIMARY KEY,         -- PL…; UU… for a channel
    entries INTEGER NOT NULL,
    listed_at INTEGER NOT NULL,       -- when the last listing began that went to the end
    shrunk_at INTEGER                 -- when a listing was suspiciously short, and not believed
) STRICT, WITHOUT ROWID;

CREATE TABLE list_videos (
    list_id TEXT NOT NULL REFERENCES lists (list_id),
    video_id TEXT NOT NULL,
    PRIMARY KEY (list_id, video_id)
) STRICT, WITHOUT ROWID;
