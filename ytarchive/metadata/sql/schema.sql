-- metadata.db: recent answers of YouTube, and the Data API's quota.
-- Times are microseconds since 1970, UTC.

PRAGMA user_version = 100;

-- Units of the Data API spent on a Pacific day, counted before each request is sent.
CREATE TABLE quota_days (
    day TEXT PRIMARY KEY, -- 2026-11-01, in America/Los_Angeles
    used INTEGER NOT NULL CHECK (used >= 0)
) STRICT, WITHOUT ROWID;

-- One row for each requested video: its metadata, or why it is unavailable now.
CREATE TABLE videos (
    video_id TEXT PRIMARY KEY,
    metadata BLOB, -- VideoMetadata as JSON, compressed; kept when the video becomes unavailable
    captions TEXT, -- its caption languages as JSON, if an extraction returned any
    fetched_at INTEGER, -- when `metadata` was fetched
    refusal TEXT, -- ErrorDetail as JSON, if the last answer was a refusal
    checked_at INTEGER NOT NULL -- time of the last answer
) STRICT;
CREATE INDEX videos_by_age ON videos (checked_at);

-- A channel under every requested name: its id, its @handle in lower case.
CREATE TABLE channels (
    name TEXT PRIMARY KEY,
    metadata TEXT NOT NULL, -- ChannelMetadata as JSON
    fetched_at INTEGER NOT NULL
) STRICT;
CREATE INDEX channels_by_age ON channels (fetched_at);

-- One pass through a playlist, perhaps unfinished. Ids are never used again (cursors).
CREATE TABLE listings (
    listing_id INTEGER PRIMARY KEY AUTOINCREMENT,
    playlist_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    video_count INTEGER, -- as YouTube reports it
    started_at INTEGER NOT NULL,
    listed INTEGER NOT NULL, -- entries so far
    page_token TEXT, -- of the Data API's next page; null when yt-dlp lists, or at the end
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    described INTEGER NOT NULL CHECK (described IN (0, 1)) -- whether each entry's video was requested
) STRICT;
CREATE INDEX listings_by_playlist ON listings (playlist_id, started_at);
CREATE INDEX listings_by_age ON listings (started_at);

-- The entries of a listing, in the playlist's order.
CREATE TABLE listing_entries (
    listing_id INTEGER NOT NULL REFERENCES listings ON DELETE CASCADE,
    position INTEGER NOT NULL,
    video_id TEXT NOT NULL,
    title TEXT NOT NULL,
    duration INTEGER, -- seconds
    is_available INTEGER NOT NULL CHECK (is_available IN (0, 1)),
    added_at INTEGER,
    PRIMARY KEY (listing_id, position)
) STRICT, WITHOUT ROWID;
