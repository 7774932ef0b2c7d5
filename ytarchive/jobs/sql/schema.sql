-- jobs.db: the queue, the registry of services and the governor's state.
-- Times are microseconds since 1970 in UTC.

PRAGMA user_version = 107;

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    playlist_id TEXT,
    title TEXT,
    options TEXT NOT NULL,            -- JobOptions as JSON
    priority INTEGER NOT NULL,
    error TEXT,
    trace_id TEXT NOT NULL,           -- of the request that created it; its work is logged with it
    listing INTEGER NOT NULL,         -- 1 until the playlist is listed completely
    own_videos INTEGER NOT NULL,      -- videos that the job names; a playlist's follow them
    work_plan_id TEXT,
    -- updated by the triggers below, so that reading progress needs no scan
    total INTEGER NOT NULL DEFAULT 0,
    success INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    unavailable INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0,
    stored_bytes INTEGER NOT NULL DEFAULT 0,
    known INTEGER NOT NULL DEFAULT 0, -- entries of the playlist that were not listed again
    list_id TEXT,                     -- the playlist's own id, once known: `UU…` for a channel
    failed_before INTEGER NOT NULL DEFAULT 0, -- failures that the work plan had before this job
    subscription_id TEXT              -- its creator: a subscription, `quality-recheck`; null: a user
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_status ON jobs (status, id);

CREATE INDEX jobs_by_type ON jobs (type, id);

CREATE INDEX jobs_of_lists_with_plans ON jobs (work_plan_id, playlist_id, list_id, type)
WHERE work_plan_id NOTNULL AND playlist_id NOTNULL;

CREATE INDEX jobs_of_lists ON jobs (coalesce(list_id, playlist_id)) WHERE skipped > 0;

-- Jobs by status, updated by the triggers below: counting a million of them takes too long.
CREATE TABLE job_counts (
    status TEXT PRIMARY KEY,
    jobs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts (status, jobs) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER jobs_moved AFTER UPDATE OF status ON jobs WHEN NEW.status <> OLD.status BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
    INSERT INTO job_counts (status, jobs) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
END;

-- One row per video of a job. `new` is not prepared yet, `queued` waits for its turn; the other
-- states are results. Active videos are known only to the process: after a crash they are queued.
CREATE TABLE job_videos (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    video_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    error_code TEXT,
    reason TEXT,
    errors TEXT NOT NULL DEFAULT '[]', -- ErrorDetail as JSON, oldest first
    metadata_saved INTEGER NOT NULL DEFAULT 0,
    video_downloaded INTEGER NOT NULL DEFAULT 0,
    file_size INTEGER NOT NULL DEFAULT 0,
    duration_seconds REAL NOT NULL DEFAULT 0,
    quality TEXT,
    finished_at INTEGER,
    planned INTEGER NOT NULL DEFAULT 0, -- 1 when the work plan contains the outcome
    waits_for TEXT,                   -- parked: the condition with its state (`cookies 1a2b…`)
    asked INTEGER NOT NULL DEFAULT 0, -- 1: the job names it; 2: it is retried; so it is requested in any case
    failed_before INTEGER NOT NULL DEFAULT 0, -- 1: the work plan had this failure before this job
    superseded INTEGER NOT NULL DEFAULT 0, -- 1: another job of the list has a later result of it
    rule TEXT,                        -- the field of the filter that excludes it
    audio_language TEXT,              -- of the sound that was fetched, if it is known
    PRIMARY KEY (job_id, video_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_videos_new ON job_videos (job_id, next_attempt_at, position)
    WHERE state = 'new';

CREATE INDEX job_videos_queued ON job_videos (job_id, next_attempt_at, position)
    WHERE state = 'queued';

CREATE INDEX job_videos_unplanned ON job_videos (job_id, position)
    WHERE planned = 0 AND state IN ('failed', 'unavailable');

CREATE INDEX job_videos_in_order ON job_videos (job_id, position);

-- Unsuccessful or waiting videos: only these have a reason.
CREATE INDEX job_videos_by_reason ON job_videos (reason, job_id) WHERE reason IS NOT NULL;

CREATE INDEX job_videos_fetched ON job_videos (finished_at, video_id, file_size)
    WHERE video_downloaded = 1;

CREATE INDEX job_videos_parked ON job_videos (waits_for) WHERE waits_for IS NOT NULL;

CREATE INDEX job_videos_unsuccessful ON job_videos (video_id)
    WHERE state IN ('failed', 'unavailable') AND superseded = 0;

CREATE TRIGGER job_videos_added AFTER INSERT ON job_videos BEGIN
    UPDATE jobs SET
        total = total + 1,
        success = success + (NEW.state = 'success'),
        skipped = skipped + (NEW.state = 'skipped'),
        failed = failed + (NEW.state = 'failed'),
        unavailable = unavailable + (NEW.state = 'unavailable'),
        cancelled = cancelled + (NEW.state = 'cancelled'),
        stored_bytes = stored_bytes + iif(NEW.state = 'success', NEW.file_size, 0)
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER job_videos_changed AFTER UPDATE OF state ON job_videos
WHEN NEW.state <> OLD.state BEGIN
    UPDATE jobs SET
        success = success + (NEW.state = 'success') - (OLD.state = 'success'),
        skipped = skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped'),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        unavailable = unavailable + (NEW.state = 'unavailable') - (OLD.state = 'unavailable'),
        cancelled = cancelled + (NEW.state = 'cancelled') - (OLD.state = 'cancelled'),
        stored_bytes = stored_bytes
            + iif(NEW.state = 'success', NEW.file_size, 0)
            - iif(OLD.state = 'success', OLD.file_size, 0),
        updated_at = max(updated_at, coalesce(NEW.finished_at, 0))
    WHERE id = NEW.job_id;
END;

CREATE TRIGGER job_videos_failed_before AFTER UPDATE OF state, failed_before ON job_videos
WHEN NEW.failed_before <> OLD.failed_before OR (NEW.failed_before AND NEW.state <> OLD.state) BEGIN
    UPDATE jobs SET failed_before = failed_before
        + (NEW.failed_before AND NEW.state IN ('failed', 'unavailable'))
        - (OLD.failed_before AND OLD.state IN ('failed', 'unavailable'))
    WHERE id = NEW.job_id;
END;

-- Who requested a video. Retention removes a video only if no user requested it and its media is still
-- what a subscription fetched. Copies in backups have no `stored_at`: see `Schema.in_copies`.
CREATE TABLE origins (
    video_id TEXT PRIMARY KEY,
    stored_at INTEGER,                -- of the media that a job of a subscription fetched
    requested_by TEXT                 -- null: no user; a user's job that has no result yet; empty: a user
) STRICT, WITHOUT ROWID;

CREATE TRIGGER job_videos_requested AFTER INSERT ON job_videos
WHEN EXISTS (
    SELECT 1 FROM jobs
    WHERE id = NEW.job_id AND subscription_id IS NULL AND type <> 'METADATA_ONLY'
) BEGIN
    INSERT INTO origins (video_id, requested_by) VALUES (NEW.video_id, NEW.job_id)
    ON CONFLICT (video_id) DO UPDATE SET requested_by = excluded.requested_by
    WHERE requested_by IS NULL;
END;

-- A video that the filter of the job excludes was not requested by this job.
CREATE TRIGGER job_videos_decided AFTER UPDATE OF state ON job_videos
WHEN NEW.state IN ('success', 'skipped') AND EXISTS (
    SELECT 1 FROM jobs
    WHERE id = NEW.job_id AND subscription_id IS NULL AND type <> 'METADATA_ONLY'
) BEGIN
    UPDATE origins SET requested_by =
        iif(NEW.reason IS 'filtered', nullif(requested_by, NEW.job_id), '')
    WHERE video_id = NEW.video_id;
END;

-- Completely listed lists: the next listing may stop at recorded videos.
CREATE TABLE lists (
    list_id TEXT PRIMARY KEY,         -- PL…; UU… for a channel
    entries INTEGER NOT NULL,
    listed_at INTEGER NOT NULL,       -- start of the last complete listing
    shrunk_at INTEGER,                -- when a listing was implausibly short
    followed_since INTEGER            -- the time up to which the entries precede a subscription
) STRICT, WITHOUT ROWID;

CREATE TABLE list_videos (
    list_id TEXT NOT NULL REFERENCES lists (list_id),
    video_id TEXT NOT NULL,
    precedes INTEGER NOT NULL DEFAULT 0, -- 1: it was in the list before the list was followed
    PRIMARY KEY (list_id, video_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX list_videos_by_video ON list_videos (video_id);

-- Entries that a list no longer has. The list still holds them: retention does not conclude anything
-- from the absence of an entry.
CREATE TABLE former_list_videos (
    list_id TEXT NOT NULL,
    video_id TEXT NOT NULL,
    PRIMARY KEY (list_id, video_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX former_list_videos_by_video ON former_list_videos (video_id);

CREATE TRIGGER list_videos_removed AFTER DELETE ON list_videos BEGIN
    INSERT INTO former_list_videos (list_id, video_id) VALUES (OLD.list_id, OLD.video_id)
    ON CONFLICT (list_id, video_id) DO NOTHING;
END;

-- Fresh videos, from the time at which they were seen: the next recheck of those below the requested
-- quality.
CREATE TABLE quality_rechecks (
    video_id TEXT PRIMARY KEY,
    stored_at INTEGER NOT NULL,       -- when it was seen first; rechecks follow after 1 and 7 days
    next_at INTEGER                   -- null: no further recheck
) STRICT, WITHOUT ROWID;

CREATE INDEX quality_rechecks_due ON quality_rechecks (next_at) WHERE next_at IS NOT NULL;

CREATE INDEX quality_rechecks_by_age ON quality_rechecks (stored_at);

CREATE TABLE services (
    service_name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    port INTEGER NOT NULL,
    health_endpoint TEXT NOT NULL,
    last_health_check INTEGER NOT NULL,
    is_healthy INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Evidence about videos that are or were unavailable. A failed extraction or a short list never makes
-- a row `unavailable`.
CREATE TABLE availability (
    video_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,              -- available, suspected, unavailable
    reason TEXT,
    evidence TEXT,                    -- message of YouTube or yt-dlp
    source TEXT NOT NULL,             -- youtube, listing
    first_seen INTEGER NOT NULL,      -- of this state
    last_seen INTEGER NOT NULL,
    confirmations INTEGER NOT NULL,   -- number of confirmations, a day or more apart
    last_available INTEGER,
    next_check_at INTEGER,
    waits_for TEXT                    -- the condition that may help, with its state at the last request
) STRICT, WITHOUT ROWID;

CREATE INDEX availability_due ON availability (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE INDEX availability_by_state ON availability (state, video_id);

-- For each egress: why requests to YouTube are paused, until when, and the number of consecutive
-- pauses.
CREATE TABLE governor (
    egress TEXT PRIMARY KEY,          -- its name; `direct`: this machine's own
    state TEXT NOT NULL,              -- closed, open, probing
    reason TEXT,
    message TEXT,
    opened_at INTEGER,
    next_probe_at INTEGER,
    times_in_a_row INTEGER NOT NULL,
    tokens REAL NOT NULL,             -- videos that may start at once
    counted_at INTEGER NOT NULL,      -- when `tokens` was computed
    paused_at INTEGER,                -- when a user paused it; NULL: not paused
    paused_until INTEGER,             -- when the pause ends; NULL: at `resume`
    pause_reason TEXT                 -- the user's reason
) STRICT, WITHOUT ROWID;
