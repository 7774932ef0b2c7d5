-- library.db: the index of the archive. The files are authoritative; `ytarchive rebuild` derives
-- this database from them. Paths are relative to the archive's folder, so that it can be moved.
-- Times are microseconds since 1970 in UTC.

PRAGMA user_version = 112;

-- One row per video with any stored file. Descriptions are only in the JSON files.
CREATE TABLE videos (
    number INTEGER PRIMARY KEY,       -- stable and small, for references from a full-text index
    video_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL DEFAULT '',
    channel_id TEXT NOT NULL DEFAULT '',
    channel_title TEXT NOT NULL DEFAULT '',
    upload_date INTEGER,
    duration INTEGER,                 -- seconds
    metadata_at INTEGER,              -- when the metadata was stored; null without metadata
    media_path TEXT,                  -- the newest media file; null without media
    quality TEXT,
    stored_at INTEGER,                -- when the media was stored
    size_bytes INTEGER NOT NULL DEFAULT 0, -- of all its files; updated by the triggers below
    captions INTEGER NOT NULL DEFAULT 0, -- number of captions files; likewise
    missing TEXT,                     -- JSON list of files YouTube did not provide; null if none
    profile INTEGER REFERENCES profiles (number), -- what was requested; null if unknown
    refresh_at INTEGER                -- when its metadata is refreshed next; null without media
) STRICT;

-- Archive profiles as JSON, each once.
CREATE TABLE profiles (
    number INTEGER PRIMARY KEY,
    profile TEXT NOT NULL UNIQUE
) STRICT;

-- One index per order of the list. Unknown values count as 0, because pages begin after a value,
-- and comparisons with NULL are never true.
CREATE INDEX videos_by_stored_at ON videos (stored_at) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_upload_date ON videos (ifnull(upload_date, 0)) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_duration ON videos (ifnull(duration, 0)) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_title ON videos (title COLLATE NOCASE) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_size ON videos (size_bytes) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_channel ON videos (channel_title COLLATE NOCASE)
WHERE media_path IS NOT NULL;

-- A covering index for `stored_among`, so that looking up many videos does not read their rows.
CREATE INDEX videos_stored ON videos (video_id, media_path, missing, quality, profile)
WHERE media_path IS NOT NULL;

-- For the list's filters.
CREATE INDEX videos_by_channel_id ON videos (channel_id, metadata_at) WHERE media_path IS NOT NULL;
-- For podcast feeds, in the order of upload.
CREATE INDEX videos_of_channel ON videos (channel_id, ifnull(upload_date, stored_at))
WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_profile ON videos (profile, ifnull(upload_date, stored_at))
WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_captions ON videos (captions > 0) WHERE media_path IS NOT NULL;
CREATE INDEX videos_incomplete ON videos (stored_at)
WHERE media_path IS NOT NULL AND missing IS NOT NULL;

CREATE INDEX videos_to_refresh ON videos (refresh_at, video_id) WHERE refresh_at IS NOT NULL;

-- Videos, stored or not, that YouTube no longer has, or that are private; from their history.
CREATE TABLE lost (
    video_id TEXT PRIMARY KEY,
    reason TEXT NOT NULL,             -- private, deleted, unavailable
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX lost_by_time ON lost (since);

-- What refreshes of metadata used, by day in UTC.
CREATE TABLE refresh_budget (
    day TEXT PRIMARY KEY,
    requests INTEGER NOT NULL,
    units INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Marks that users set on videos; the files in metadata/marks are authoritative.
CREATE TABLE marks (
    video_id TEXT PRIMARY KEY,
    keep INTEGER NOT NULL,            -- 1: no rule may remove it
    removed INTEGER NOT NULL,         -- 1: not to be fetched again
    known_elsewhere TEXT,             -- where it is stored outside the archive
    episode INTEGER,
    season INTEGER,                   -- with episode_path: its place in media-server views
    episode_path TEXT                 -- relative to the view, without suffix; never changed
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX marks_by_episode_path ON marks (episode_path) WHERE episode_path NOTNULL;
CREATE INDEX marks_removed ON marks (video_id) WHERE removed;

-- Changes of videos, oldest first: one row per video, for its last change. The search index and the
-- views record the last revision that they contain.
CREATE TABLE changes (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    video INTEGER NOT NULL UNIQUE     -- its number
) STRICT;

-- Identifies this library: a rebuilt library numbers its changes from the start.
CREATE TABLE identity (library_id TEXT NOT NULL) STRICT;

INSERT INTO identity (library_id) VALUES (lower(hex(randomblob(16))));

-- The archive whose files these are: the `id` of `.ytarchive-id`. No row until it is known.
CREATE TABLE archive (
    id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Caption languages that YouTube did not have at the last fetch or check of a video.
CREATE TABLE absent_captions (
    video_id TEXT NOT NULL REFERENCES videos (video_id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    checks INTEGER NOT NULL,          -- how often it was absent
    next_check_at INTEGER NOT NULL,
    PRIMARY KEY (video_id, language)
) STRICT, WITHOUT ROWID;

-- Every file of every video, with the digest it had when it was stored.
CREATE TABLE files (
    video_id TEXT NOT NULL REFERENCES videos (video_id),
    path TEXT NOT NULL,
    -- media, info, thumbnail, captions, manifest, checksums, other; metadata for
    -- `metadata/videos/<id>.json`
    role TEXT NOT NULL,
    language TEXT,                    -- of captions, by BCP 47
    automatic INTEGER NOT NULL DEFAULT 0, -- whether YouTube made the captions
    format TEXT NOT NULL,             -- mp4, vtt, jpg, ...
    size_bytes INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (video_id, path)
) STRICT, WITHOUT ROWID;

-- The videos as views show them, with the files that they show as JSON.
CREATE VIEW shown_videos AS
SELECT number, video_id, title, channel_id, channel_title, upload_date, duration, quality,
       stored_at, media_path, (
           SELECT json_group_array(json_object(
               'key', path, 'role', role, 'language', language, 'automatic', automatic,
               'format', format, 'digest', lower(hex(sha256))
           )) FROM files
           WHERE files.video_id = videos.video_id
             AND role IN ('media', 'captions', 'thumbnail')
       ) AS files
FROM videos;

-- The videos as podcast feeds list them, with the size of the media.
CREATE VIEW feed_videos AS
SELECT video_id, title, channel_id, channel_title, profile, duration, media_path,
       ifnull(upload_date, stored_at) AS published, (
           SELECT size_bytes FROM files
           WHERE files.video_id = videos.video_id AND files.path = videos.media_path
       ) AS media_bytes, (
           SELECT json_group_array(path) FROM files
           WHERE files.video_id = videos.video_id AND role = 'thumbnail'
       ) AS thumbnails
FROM videos WHERE media_path IS NOT NULL;

CREATE TABLE playlists (
    playlist_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    video_count INTEGER NOT NULL,
    stored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Moves of videos from staging to their folders. A row is durable before the first file is moved,
-- so that an interrupted move is finished at the next start.
CREATE TABLE moves (
    video_id TEXT PRIMARY KEY,
    staged_path TEXT NOT NULL,
    target_path TEXT NOT NULL,
    quality TEXT,
    files TEXT NOT NULL,              -- JSON list of StoredFile: the future files of the target
    missing TEXT NOT NULL DEFAULT '[]', -- JSON list of files that the video will lack
    profile TEXT,                     -- ArchiveProfile as JSON; null if unknown
    stored_at INTEGER,                -- when the media was stored; null if unknown
    adds INTEGER,                     -- number of files added next to stored media; null with media
    displaced TEXT NOT NULL DEFAULT '[]' -- JSON list of TrashItem: files moved out of the target
) STRICT, WITHOUT ROWID;

-- Removals of videos. A row is durable before the first file is moved to the trash, so that an
-- interrupted removal is finished at the next start.
CREATE TABLE removals (
    video_id TEXT PRIMARY KEY,
    keeps_metadata INTEGER NOT NULL,  -- 1: the metadata stays
    items TEXT NOT NULL               -- JSON list of TrashItem: the files to move
) STRICT, WITHOUT ROWID;

CREATE TABLE work_plans (
    plan_id TEXT PRIMARY KEY,         -- sortable by time
    job_id TEXT UNIQUE,
    file_name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    written_at INTEGER,               -- the `updated_at` in the JSON file
    total_videos INTEGER NOT NULL,
    successful_videos INTEGER NOT NULL,
    unavailable INTEGER NOT NULL DEFAULT 0, -- entries by kind; updated by the triggers below
    failed INTEGER NOT NULL DEFAULT 0,
    playlist_id TEXT,                 -- the list of the plan, which all jobs of the list share
    metadata_only INTEGER NOT NULL DEFAULT 0 -- 1: the plan of the list's METADATA_ONLY jobs
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX work_plans_of_lists ON work_plans (playlist_id, metadata_only)
WHERE playlist_id IS NOT NULL;

CREATE TABLE work_plan_entries (
    number INTEGER PRIMARY KEY,       -- the order in which videos were added to the plan
    plan_id TEXT NOT NULL REFERENCES work_plans (plan_id),
    video_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('unavailable', 'failed')),
    entry TEXT NOT NULL,              -- UnavailableVideo or FailedDownload as JSON
    added_at INTEGER NOT NULL DEFAULT 0, -- when the video was added to the plan
    UNIQUE (plan_id, video_id)
) STRICT;

CREATE INDEX work_plan_entries_by_video ON work_plan_entries (video_id);

-- Passes of the verification: the newest of each scope, so that a quick pass does not restart a
-- full one.
CREATE TABLE verification (
    scope TEXT PRIMARY KEY,           -- quick, full, quick-sample, full-sample, known
    mode TEXT NOT NULL,               -- quick, full
    sample_percent REAL NOT NULL,
    seed TEXT NOT NULL,               -- determines the videos of a sample
    state TEXT NOT NULL,              -- running, stopped, complete, failed
    error TEXT,
    started_at INTEGER NOT NULL,      -- when the pass began, possibly some sessions ago
    updated_at INTEGER NOT NULL,
    completed_at INTEGER,             -- when a pass of this scope was last completed
    video_cursor TEXT NOT NULL DEFAULT '', -- every video up to this one has been checked
    videos_total INTEGER NOT NULL,
    videos_checked INTEGER NOT NULL DEFAULT 0,
    files_checked INTEGER NOT NULL DEFAULT 0,
    bytes_checked INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Problems of stored files, and foreign files. A row is deleted when a later check finds the file
-- intact, or when the video is stored again.
CREATE TABLE findings (
    path TEXT PRIMARY KEY,
    video_id TEXT NOT NULL,           -- empty for a foreign file that belongs to no video
    kind TEXT NOT NULL,               -- damaged, truncated, missing, unreadable, foreign
    detail TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    quarantine_path TEXT,             -- where the file is now
    is_removed INTEGER NOT NULL DEFAULT 0, -- whether it no longer counts as stored
    quality TEXT,                     -- quality of the video when the problem was found
    profile INTEGER,                  -- number of the profile that was requested for the video
    language TEXT,                    -- of captions
    format TEXT                       -- null for a file that was never stored
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_by_video ON findings (video_id);

-- Totals of the archive in one row, updated by the triggers, so that reading them needs no scan.
CREATE TABLE totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    videos INTEGER NOT NULL DEFAULT 0,
    metadata INTEGER NOT NULL DEFAULT 0,
    playlists INTEGER NOT NULL DEFAULT 0,
    files INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    work_plans INTEGER NOT NULL DEFAULT 0,
    incomplete INTEGER NOT NULL DEFAULT 0 -- videos with files that YouTube did not provide
) STRICT;

INSERT INTO totals (id) VALUES (1);

CREATE TRIGGER videos_added AFTER INSERT ON videos BEGIN
    UPDATE totals SET
        videos = videos + (NEW.media_path IS NOT NULL),
        incomplete = incomplete + (NEW.media_path IS NOT NULL AND NEW.missing IS NOT NULL),
        metadata = metadata + (NEW.metadata_at IS NOT NULL);
END;

CREATE TRIGGER videos_changed AFTER UPDATE OF media_path, missing, metadata_at ON videos BEGIN
    UPDATE totals SET
        videos = videos + (NEW.media_path IS NOT NULL) - (OLD.media_path IS NOT NULL),
        incomplete = incomplete
            + (NEW.media_path IS NOT NULL AND NEW.missing IS NOT NULL)
            - (OLD.media_path IS NOT NULL AND OLD.missing IS NOT NULL),
        metadata = metadata + (NEW.metadata_at IS NOT NULL) - (OLD.metadata_at IS NOT NULL);
END;

CREATE TRIGGER change_by_insert AFTER INSERT ON videos BEGIN
    INSERT INTO changes (video) VALUES (NEW.number);
END;

CREATE TRIGGER change_by_update
AFTER UPDATE OF metadata_at, stored_at, media_path, captions, missing ON videos BEGIN
    DELETE FROM changes WHERE video = NEW.number;
    INSERT INTO changes (video) VALUES (NEW.number);
END;

CREATE TRIGGER captions_added AFTER INSERT ON files WHEN NEW.role = 'captions' BEGIN
    UPDATE videos SET captions = captions + 1 WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER captions_removed AFTER DELETE ON files WHEN OLD.role = 'captions' BEGIN
    UPDATE videos SET captions = captions - 1 WHERE video_id = OLD.video_id;
END;

-- Metadata is counted separately, and not as part of a video's size.
CREATE TRIGGER files_added AFTER INSERT ON files WHEN NEW.role <> 'metadata' BEGIN
    UPDATE totals SET files = files + 1, size_bytes = size_bytes + NEW.size_bytes;
    UPDATE videos SET size_bytes = size_bytes + NEW.size_bytes WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER files_changed AFTER UPDATE OF size_bytes ON files WHEN NEW.role <> 'metadata' BEGIN
    UPDATE totals SET size_bytes = size_bytes + NEW.size_bytes - OLD.size_bytes;
    UPDATE videos SET size_bytes = size_bytes + NEW.size_bytes - OLD.size_bytes
    WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER files_removed AFTER DELETE ON files WHEN OLD.role <> 'metadata' BEGIN
    UPDATE totals SET files = files - 1, size_bytes = size_bytes - OLD.size_bytes;
    UPDATE videos SET size_bytes = size_bytes - OLD.size_bytes WHERE video_id = OLD.video_id;
END;

CREATE TRIGGER playlists_added AFTER INSERT ON playlists BEGIN
    UPDATE totals SET playlists = playlists + 1;
END;

CREATE TRIGGER work_plans_added AFTER INSERT ON work_plans BEGIN
    UPDATE totals SET work_plans = work_plans + 1;
END;

CREATE TRIGGER work_plans_removed AFTER DELETE ON work_plans BEGIN
    UPDATE totals SET work_plans = work_plans - 1;
END;

CREATE TRIGGER entries_added AFTER INSERT ON work_plan_entries BEGIN
    UPDATE work_plans SET
        unavailable = unavailable + (NEW.kind = 'unavailable'),
        failed = failed + (NEW.kind = 'failed')
    WHERE plan_id = NEW.plan_id;
END;

CREATE TRIGGER entries_changed AFTER UPDATE OF kind ON work_plan_entries BEGIN
    UPDATE work_plans SET
        unavailable = unavailable + (NEW.kind = 'unavailable') - (OLD.kind = 'unavailable'),
        failed = failed + (NEW.kind = 'failed') - (OLD.kind = 'failed')
    WHERE plan_id = NEW.plan_id;
END;

CREATE TRIGGER entries_removed AFTER DELETE ON work_plan_entries BEGIN
    UPDATE work_plans SET
        unavailable = unavailable - (OLD.kind = 'unavailable'),
        failed = failed - (OLD.kind = 'failed')
    WHERE plan_id = OLD.plan_id;
END;

-- The current or last adoption of a folder of another program: one row.
CREATE TABLE adoption (
    folder TEXT NOT NULL,             -- absolute, as stored_name
    method TEXT NOT NULL,             -- link, move, copy
    dry_run INTEGER NOT NULL,
    state TEXT NOT NULL,              -- running, stopped, complete, failed
    error TEXT,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    completed_at INTEGER,
    is_listed INTEGER NOT NULL DEFAULT 0, -- 1: adopted_files has all files of the folder
    files_found INTEGER NOT NULL DEFAULT 0,
    videos_found INTEGER NOT NULL DEFAULT 0,
    videos_done INTEGER NOT NULL DEFAULT 0,
    videos_adopted INTEGER NOT NULL DEFAULT 0,
    bytes_adopted INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The files of that folder.
CREATE TABLE adopted_files (
    path TEXT PRIMARY KEY,            -- relative to the folder, as stored_name
    size_bytes INTEGER NOT NULL,
    video_id TEXT,                    -- the video to which it belongs by its name
    layout TEXT,                      -- the program whose naming it has
    stem TEXT NOT NULL,               -- path of its media without suffix
    rest TEXT NOT NULL,               -- its name after that of its media; empty for media
    begun_as TEXT,                    -- its name in the archive, when it is about to be stored
    outcome TEXT,                     -- adopted, duplicate, not_recognised; null: not decided yet
    detail TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX adopted_files_by_video ON adopted_files (video_id, outcome)
WHERE video_id IS NOT NULL;

-- Adopted videos without metadata, until Jobs has queued a job for it.
CREATE TABLE undescribed_videos (video_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
