-- search.db: the index of titles, descriptions and captions. All content is derived from the
-- archive's files. Backups do not include it; it is built again if it is missing or does not match.

PRAGMA user_version = 100;

-- The library of the index, and its last indexed change.
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library_id TEXT NOT NULL,
    rules TEXT NOT NULL,              -- version of the text preparation
    revision INTEGER NOT NULL,
    overflow INTEGER NOT NULL         -- the most days by which a number is later than the upload
) STRICT;

-- The number is the day of the upload (since 1970, 0 if unknown) << 10, plus a count; if the
-- numbers of a day are used up, those of the next free day are used. The index thus has videos in
-- order of their upload, days can be selected by number, and the index is small because numbers are
-- close together.
CREATE TABLE videos (
    number INTEGER PRIMARY KEY,
    video_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    upload_date INTEGER,              -- microseconds since 1970
    duration INTEGER,                 -- seconds
    facets TEXT NOT NULL              -- index words for the filters
) STRICT;

-- Description, captions (one line per cue) and tracks as JSON, separated by NUL, deflated.
CREATE TABLE texts (
    number INTEGER PRIMARY KEY REFERENCES videos (number),
    content BLOB NOT NULL
) STRICT;

-- The source of the full-text index. The functions are defined in `ytarchive.storage.search`.
CREATE VIEW documents AS
SELECT
    videos.number,
    searchable(videos.title) AS title,
    searchable(unpacked(texts.content, 0)) AS description,
    searchable(unpacked(texts.content, 1)) AS captions,
    videos.facets
FROM videos JOIN texts ON texts.number = videos.number;

-- Captions are the first column, because index entries name every column except the first.
CREATE VIRTUAL TABLE words USING fts5 (
    captions, description, title, facets,
    content = documents, content_rowid = number, columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- A separate index of titles, in which a word that is in every caption is found quickly.
CREATE VIRTUAL TABLE titles USING fts5 (
    title, facets,
    content = '', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Every word of the index, in order.
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'instance');
