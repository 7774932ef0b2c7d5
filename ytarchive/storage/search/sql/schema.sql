-- search.db: the index of titles, descriptions and captions. Everything in it is derived from the
-- archive's files; it is no part of backups, and is made anew when it is lost or does not fit.

PRAGMA user_version = 100;

-- Up to where the index has come, and in which library's count of changes.
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library_id TEXT NOT NULL,
    rules TEXT NOT NULL,              -- how text was prepared for the index
    revision INTEGER NOT NULL,
    overflow INTEGER NOT NULL         -- the most days that a number is beyond its day
) STRICT;

-- The number is the day of the upload (since 1970, 0 if it is not known) << 10, plus a count; when
-- these numbers are used up, one of the next free day. So the index has videos in the order of their
-- uploads, days can be asked for by number, and numbers are close to one another, which keeps the
-- index small.
CREATE TABLE videos (
    number INTEGER PRIMARY KEY,
    video_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    upload_date INTEGER,              -- microseconds since 1970
    duration INTEGER,                 -- seconds
    facets TEXT NOT NULL              -- words that stand for what can be filtered by
) STRICT;

-- Description, captions (a line for each cue) and tracks as JSON, with NUL between them, deflated.
CREATE TABLE texts (
    number INTEGER PRIMARY KEY REFERENCES videos (number),
    content BLOB NOT NULL
) STRICT;

-- What the full-text index is made from. The functions are those of `ytarchive.storage.search`.
CREATE VIEW documents AS
SELECT
    videos.number,
    searchable(videos.title) AS title,
    searchable(unpacked(texts.content, 0)) AS description,
    searchable(unpacked(texts.content, 1)) AS captions,
    videos.facets
FROM videos JOIN texts ON texts.number = videos.number;

-- Captions come first, because the index names every column but the first in each of its entries.
CREATE VIRTUAL TABLE words USING fts5 (
    captions, description, title, facets,
    content = documents, content_rowid = number, columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Titles once more, by themselves: a word that is in every caption is found quickly in the titles.
CREATE VIRTUAL TABLE titles USING fts5 (
    title, facets,
    content = '', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Every word of the index, in order.
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'instance');
