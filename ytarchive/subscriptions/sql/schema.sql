-- subscriptions.db: the channels and playlists that the archive follows.
-- Times are microseconds since 1970 in UTC. Which videos were seen is recorded in jobs.db alone.

PRAGMA user_version = 101;

CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    list_id TEXT NOT NULL UNIQUE,     -- PL…; UU… for a channel
    source TEXT NOT NULL,             -- as given: a channel's id or @handle, a playlist
    title TEXT NOT NULL,
    options TEXT NOT NULL,            -- the given fields of JobOptions as JSON
    schedule TEXT NOT NULL,           -- the text form of Schedule
    first TEXT NOT NULL,
    newest INTEGER,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    is_begun INTEGER NOT NULL,        -- 0 until the entries that precede it are recorded in jobs.db
    must_list INTEGER NOT NULL,       -- 1: the next check creates a job in any case
    problem TEXT,
    problem_message TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    next_check_at INTEGER NOT NULL,
    next_check_reason TEXT NOT NULL,
    last_check TEXT,                  -- CheckResult as JSON
    confirmed_at INTEGER NOT NULL DEFAULT 0, -- the last check whose source was not the feed
    upload_times TEXT NOT NULL DEFAULT '[]', -- times of the last uploads, oldest first
    pages INTEGER NOT NULL DEFAULT 1, -- requests of the last check
    last_job TEXT                     -- the last job for the list, in jobs.db
) STRICT, WITHOUT ROWID;

CREATE INDEX subscriptions_due ON subscriptions (next_check_at) WHERE state = 'active';

CREATE INDEX subscriptions_by_source ON subscriptions (source);

-- The budget used by checks, by day in UTC.
CREATE TABLE spent (
    day TEXT PRIMARY KEY,
    requests INTEGER NOT NULL,
    units INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
