-- State -------------------------------------------------------------------------------------------

-- name: get_state
SELECT library_id, rules, revision, overflow FROM state;

-- name: begin_state
INSERT INTO state (id, library_id, rules, revision, overflow)
VALUES (1, :library_id, :rules, 0, 0);

-- name: set_state
UPDATE state SET revision = :revision, overflow = :overflow;

-- Indexing videos ---------------------------------------------------------------------------------

-- name: get_document
SELECT videos.*, texts.content FROM videos JOIN texts USING (number) WHERE video_id = :video_id;

-- name: free_number
-- The next number of a day; greater than its last number if the day is full.
SELECT coalesce(max(number) + 1, :first) AS number FROM videos
WHERE number BETWEEN :first AND :last;

-- name: add_video
INSERT INTO videos (
    number, video_id, title, channel_id, channel_title, upload_date, duration, facets
) VALUES (
    :number, :video_id, :title, :channel_id, :channel_title, :upload_date, :duration, :facets
);

-- name: add_text
INSERT INTO texts (number, content) VALUES (:number, :content);

-- name: add_words
INSERT INTO words (rowid, title, description, captions, facets)
SELECT number, title, description, captions, facets FROM documents WHERE number = :number;

-- name: add_title
INSERT INTO titles (rowid, title, facets)
SELECT number, title, facets FROM documents WHERE number = :number;

-- name: remove_words
INSERT INTO words (words, rowid, title, description, captions, facets)
SELECT 'delete', number, title, description, captions, facets
FROM documents WHERE number = :number;

-- name: remove_title
INSERT INTO titles (titles, rowid, title, facets)
SELECT 'delete', number, title, facets FROM documents WHERE number = :number;

-- name: remove_text
DELETE FROM texts WHERE number = :number;

-- name: remove_video
DELETE FROM videos WHERE number = :number;

-- Searching ---------------------------------------------------------------------------------------
-- Numbers are read from the index, newest upload first, until there are enough, so that a word in a
-- million videos costs no more than a rare word.

-- name: match_titles
SELECT titles.rowid AS number
FROM titles CROSS JOIN videos ON videos.number = titles.rowid
WHERE titles MATCH :match
  AND titles.rowid >= :first AND titles.rowid < :before
  AND (:longest IS NULL OR videos.duration BETWEEN :shortest AND :longest)
  AND (:uploaded_from IS NULL OR videos.upload_date BETWEEN :uploaded_from AND :uploaded_to)
ORDER BY titles.rowid DESC
LIMIT :limit;

-- name: match_words
SELECT words.rowid AS number
FROM words CROSS JOIN videos ON videos.number = words.rowid
WHERE words MATCH :match
  AND words.rowid >= :first AND words.rowid < :before
  AND (:longest IS NULL OR videos.duration BETWEEN :shortest AND :longest)
  AND (:uploaded_from IS NULL OR videos.upload_date BETWEEN :uploaded_from AND :uploaded_to)
ORDER BY words.rowid DESC
LIMIT :limit;

-- name: documents_of
SELECT videos.*, texts.content
FROM json_each(:numbers) AS asked
JOIN videos ON videos.number = asked.value
JOIN texts ON texts.number = asked.value;

-- name: words_beginning
-- The words that begin with a prefix, up to :limit, with one look-up in the vocabulary per word
-- that starts after the previous word. (Words have no character below U+0002 or above U+10FFFE.)
WITH RECURSIVE found (word) AS (
    SELECT (SELECT term FROM vocabulary WHERE term >= :prefix LIMIT 1)
    UNION ALL
    SELECT (SELECT term FROM vocabulary WHERE term >= found.word || char(1) LIMIT 1)
    FROM found WHERE found.word < :prefix || char(0x10ffff)
    LIMIT :limit
)
SELECT word FROM found WHERE word < :prefix || char(0x10ffff);
