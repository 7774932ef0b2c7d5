-- What is kept of videos is compressed now: it is a cache, and fills again. A listing says whether
-- its entries were looked up.

DROP TABLE videos;

CREATE TABLE videos (
    video_id TEXT PRIMARY KEY,
    metadata BLOB, -- VideoMetadata as JSON, compressed; stays when the video becomes unavailable
    captions TEXT, -- its caption languages as JSON, if an extraction saw any
    fetched_at INTEGER, -- when `metadata` came
    refusal TEXT, -- ErrorDetail as JSON, when the last answer was that there is no such video
    checked_at INTEGER NOT NULL -- when the last answer came
) STRICT;
CREATE INDEX videos_by_age ON videos (checked_at);

DROP TABLE listing_entries;
DROP TABLE listings;

CREATE TABLE listings (
    listing_id INTEGER PRIMARY KEY AUTOINCREMENT,
    playlist_id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    video_count INTEGER, -- what YouTube says
    started_at INTEGER NOT NULL,
    listed INTEGER NOT NULL, -- entries so far
    page_token TEXT, -- of the Data API's next page; null when yt-dlp lists, or at the end
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    described INTEGER NOT NULL CHECK (described IN (0, 1)) -- whether each entry was looked up
) STRICT;
CREATE INDEX listings_by_playlist ON listings (playlist_id, started_at);
CREATE INDEX listings_by_age ON listings (started_at);

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
