-- The index of titles, descriptions and captions.

CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    library_id TEXT NOT NULL,
    rules TEXT NOT NULL,
    revision INTEGER NOT NULL,
    overflow INTEGER NOT NULL
) STRICT;

CREATE TABLE videos (
    number INTEGER PRIMARY KEY,
    video_id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    channel_title TEXT NOT NULL,
    upload_date INTEGER,
    duration INTEGER,
    facets TEXT NOT NULL
) STRICT;

CREATE TABLE texts (
    number INTEGER PRIMARY KEY REFERENCES videos (number),
    content BLOB NOT NULL
) STRICT;

CREATE VIEW documents AS
SELECT
    videos.number,
    searchable(videos.title) AS title,
    searchable(unpacked(texts.content, 0)) AS description,
    searchable(unpacked(texts.content, 1)) AS captions,
    videos.facets
FROM videos JOIN texts ON texts.number = videos.number;

CREATE VIRTUAL TABLE words USING fts5 (
    captions, description, title, facets,
    content = documents, content_rowid = number, columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE titles USING fts5 (
    title, facets,
    content = '', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'instance');
