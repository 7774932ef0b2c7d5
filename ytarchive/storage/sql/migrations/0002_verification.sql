-- Verification of what is stored: how far the pass over the archive is, and what it found.

CREATE TABLE verification (
    scope TEXT PRIMARY KEY,
    mode TEXT NOT NULL,
    sample_percent REAL NOT NULL,
    seed TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    completed_at INTEGER,
    video_cursor TEXT NOT NULL DEFAULT '',
    videos_total INTEGER NOT NULL,
    videos_checked INTEGER NOT NULL DEFAULT 0,
    files_checked INTEGER NOT NULL DEFAULT 0,
    bytes_checked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    path TEXT PRIMARY KEY,
    video_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    quarantine_path TEXT,
    is_removed INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_by_video ON findings (video_id);

CREATE TRIGGER files_removed AFTER DELETE ON files BEGIN
    UPDATE totals SET files = files - 1, size_bytes = size_bytes - OLD.size_bytes;
    UPDATE videos SET size_bytes = size_bytes - OLD.size_bytes WHERE video_id = OLD.video_id;
END;
