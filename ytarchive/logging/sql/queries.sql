-- The statements of logs.db.

-- Storing entries -----------------------------------------------------------------------------

-- name: widen_cache
-- The indexes are written at several positions: 16 MiB keep those pages in memory.
PRAGMA cache_size = -16384;

-- name: save_traces
-- Number the new traces of a batch, a JSON array in `:traces`.
INSERT OR IGNORE INTO traces (trace_id)
SELECT value FROM json_each(:traces);

-- name: trace_keys
SELECT t.trace_id, t.trace_key
FROM json_each(:traces) AS wanted
JOIN traces AS t ON t.trace_id = wanted.value;

-- name: save_entry
-- By number: a look-up of the name for each row takes a fifth of the time of an insert.
INSERT INTO entries (time, received, service, level, message, folded, context, trace_key)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- Queries, newest first -----------------------------------------------------------------------
-- The same query with four indexes: SQLite cannot know that a trace is far more selective than a
-- service. `(:end_time, :end_id)` is the end of the previous page, or of the requested time.
-- ASCII messages are converted to lower case here; the others were case-folded when stored.

-- name: find_by_trace
SELECT e.id, e.time, e.service, e.level, e.message, e.context,
       (SELECT t.trace_id FROM traces AS t WHERE t.trace_key = e.trace_key) AS trace_id
FROM entries AS e INDEXED BY entries_by_trace
WHERE e.trace_key = (SELECT t.trace_key FROM traces AS t WHERE t.trace_id = :trace_id)
  AND e.time >= :since AND (e.time, e.id) < (:end_time, :end_id)
  AND e.level >= :level
  AND (:service IS NULL OR e.service = :service)
  AND (:text IS NULL OR instr(coalesce(e.folded, lower(e.message)), :text) > 0)
ORDER BY e.time DESC, e.id DESC
LIMIT :limit;

-- name: find_by_severity
SELECT e.id, e.time, e.service, e.level, e.message, e.context,
       (SELECT t.trace_id FROM traces AS t WHERE t.trace_key = e.trace_key) AS trace_id
FROM entries AS e INDEXED BY entries_by_severity
WHERE e.level >= 30
  AND e.time >= :since AND (e.time, e.id) < (:end_time, :end_id)
  AND e.level >= :level
  AND (:service IS NULL OR e.service = :service)
  AND (:text IS NULL OR instr(coalesce(e.folded, lower(e.message)), :text) > 0)
ORDER BY e.time DESC, e.id DESC
LIMIT :limit;

-- name: find_by_service
SELECT e.id, e.time, e.service, e.level, e.message, e.context,
       (SELECT t.trace_id FROM traces AS t WHERE t.trace_key = e.trace_key) AS trace_id
FROM entries AS e INDEXED BY entries_by_service
WHERE e.service = :service
  AND e.time >= :since AND (e.time, e.id) < (:end_time, :end_id)
  AND e.level >= :level
  AND (:text IS NULL OR instr(coalesce(e.folded, lower(e.message)), :text) > 0)
ORDER BY e.time DESC, e.id DESC
LIMIT :limit;

-- name: find_by_time
SELECT e.id, e.time, e.service, e.level, e.message, e.context,
       (SELECT t.trace_id FROM traces AS t WHERE t.trace_key = e.trace_key) AS trace_id
FROM entries AS e INDEXED BY entries_by_time
WHERE e.time >= :since AND (e.time, e.id) < (:end_time, :end_id)
  AND e.level >= :level
  AND (:text IS NULL OR instr(coalesce(e.folded, lower(e.message)), :text) > 0)
ORDER BY e.time DESC, e.id DESC
LIMIT :limit;

-- Following -----------------------------------------------------------------------------------

-- name: newest_id
SELECT coalesce(max(id), 0) FROM entries;

-- name: find_arrived
-- Entries that arrived after `:after`, up to `:newest`: few enough for a scan.
SELECT e.id, e.time, e.service, e.level, e.message, e.context,
       (SELECT t.trace_id FROM traces AS t WHERE t.trace_key = e.trace_key) AS trace_id
FROM entries AS e
WHERE e.id > :after AND e.id <= :newest
  AND e.time >= :since AND e.time <= :end_time
  AND e.level >= :level
  AND (:service IS NULL OR e.service = :service)
  AND (:trace_id IS NULL
       OR e.trace_key = (SELECT t.trace_key FROM traces AS t WHERE t.trace_id = :trace_id))
  AND (:text IS NULL OR instr(coalesce(e.folded, lower(e.message)), :text) > 0)
ORDER BY e.id
LIMIT :limit;

-- Retention -----------------------------------------------------------------------------------

-- name: purge_entries
-- Of the first `:most` entries: those that arrived before `:oldest`, and those with a time after
-- `:future` because of a wrong clock, which would never expire and block the removal of others.
DELETE FROM entries
WHERE id IN (SELECT id FROM entries ORDER BY id LIMIT :most)
  AND (received < :oldest OR received > :future)
RETURNING trace_key;

-- name: purge_traces
-- Of the traces in `:keys`, a JSON array, those without entries.
DELETE FROM traces
WHERE trace_key IN (SELECT value FROM json_each(:keys))
  AND NOT EXISTS (SELECT 1 FROM entries AS e WHERE e.trace_key = traces.trace_key);

-- name: used_bytes
-- The size of the file without its free pages.
SELECT (pages.page_count - free.freelist_count) * size.page_size
FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size;

-- name: free_pages
SELECT freelist_count FROM pragma_freelist_count;

-- name: release_pages
-- Release some free pages to the file system.
PRAGMA incremental_vacuum(1000);
