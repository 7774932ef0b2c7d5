-- The statements of metadata.db. Ids come in sets, as a JSON array in `:ids`.

-- Quota ---------------------------------------------------------------------------------------

-- name: reserve_units
-- Count units before a request is sent; changes no row if they would exceed `:allowed`.
INSERT INTO quota_days (day, used)
SELECT :day, :units
WHERE :units <= :allowed
ON CONFLICT (day) DO UPDATE SET used = used + :units WHERE used + :units <= :allowed;

-- name: mark_spent
-- YouTube reports that the day's quota is used up.
INSERT INTO quota_days (day, used)
VALUES (:day, :quota_limit)
ON CONFLICT (day) DO UPDATE SET used = max(used, :quota_limit);

-- name: units_used
SELECT used FROM quota_days WHERE day = :day;

-- name: purge_quota_days
DELETE FROM quota_days WHERE day < :oldest_day;

-- Videos --------------------------------------------------------------------------------------

-- name: known_videos
-- Answers that are still valid: fresh metadata, and refusals of the last minutes.
SELECT v.video_id, v.refusal, CASE WHEN v.refusal IS NULL THEN v.metadata END AS metadata
FROM json_each(:ids) AS wanted
JOIN videos AS v ON v.video_id = wanted.value
WHERE (v.refusal IS NULL AND v.fetched_at > :oldest AND v.fetched_at <= :now)
   OR (v.refusal IS NOT NULL AND v.checked_at > :oldest_refusal AND v.checked_at <= :now);

-- name: known_captions
-- Caption languages found by an extraction, which the Data API does not return.
SELECT v.video_id, v.captions
FROM json_each(:ids) AS wanted
JOIN videos AS v ON v.video_id = wanted.value
WHERE v.captions IS NOT NULL;

-- name: save_video
INSERT INTO videos (video_id, metadata, captions, fetched_at, refusal, checked_at)
VALUES (:video_id, :metadata, :captions, :now, NULL, :now)
ON CONFLICT (video_id) DO UPDATE
SET metadata = excluded.metadata, captions = excluded.captions, fetched_at = excluded.fetched_at,
    refusal = NULL, checked_at = excluded.checked_at;

-- name: save_refusal
-- Earlier metadata is kept, and is not returned while the refusal is the newest answer.
INSERT INTO videos (video_id, refusal, checked_at)
VALUES (:video_id, :refusal, :now)
ON CONFLICT (video_id) DO UPDATE SET refusal = excluded.refusal, checked_at = excluded.checked_at;

-- name: purge_videos
DELETE FROM videos
WHERE video_id IN (SELECT video_id FROM videos WHERE checked_at < :oldest LIMIT :most);

-- Channels ------------------------------------------------------------------------------------

-- name: known_channel
SELECT metadata FROM channels
WHERE name = :name AND fetched_at > :oldest AND fetched_at <= :now;

-- name: save_channel
INSERT INTO channels (name, metadata, fetched_at)
VALUES (:name, :metadata, :now)
ON CONFLICT (name) DO UPDATE SET metadata = excluded.metadata, fetched_at = excluded.fetched_at;

-- name: purge_channels
DELETE FROM channels
WHERE name IN (SELECT name FROM channels WHERE fetched_at < :oldest LIMIT :most);

-- Playlists -----------------------------------------------------------------------------------

-- name: fresh_listing
-- The newest recent pass through a playlist, finished or not.
SELECT * FROM listings
WHERE playlist_id = :playlist_id AND started_at > :since AND started_at <= :now
  AND described >= :described
ORDER BY started_at DESC, listing_id DESC
LIMIT 1;

-- name: latest_listing
SELECT * FROM listings
WHERE playlist_id = :playlist_id
ORDER BY started_at DESC, listing_id DESC
LIMIT 1;

-- name: listing
SELECT * FROM listings WHERE listing_id = :listing_id;

-- name: start_listing
INSERT INTO listings (
    playlist_id, title, description, channel_id, channel_title, video_count, started_at, listed,
    page_token, complete, described
)
VALUES (
    :playlist_id, :title, :description, :channel_id, :channel_title, :video_count, :now, 0, NULL, 0,
    :described
)
RETURNING listing_id;

-- name: advance_listing
UPDATE listings
SET listed = listed + :added, page_token = :page_token, complete = :complete
WHERE listing_id = :listing_id;

-- name: save_entry
INSERT INTO listing_entries (
    listing_id, position, video_id, title, duration, is_available, added_at
)
VALUES (:listing_id, :position, :video_id, :title, :duration, :is_available, :added_at);

-- name: entries
SELECT position, video_id, title, duration, is_available, added_at
FROM listing_entries
WHERE listing_id = :listing_id AND position >= :position
ORDER BY position
LIMIT :most;

-- name: listed_videos
-- How often each video was listed so far.
SELECT video_id, count(*) AS times FROM listing_entries WHERE listing_id = :listing_id
GROUP BY video_id;

-- name: drop_older_listings
-- A playlist keeps its newest passes; a cursor into an older one starts a new pass.
DELETE FROM listings
WHERE playlist_id = :playlist_id AND listing_id NOT IN (
    SELECT listing_id FROM listings WHERE playlist_id = :playlist_id
    ORDER BY started_at DESC, listing_id DESC LIMIT :kept
);

-- name: purge_listings
DELETE FROM listings
WHERE listing_id IN (SELECT listing_id FROM listings WHERE started_at < :oldest LIMIT :most);

-- Maintenance ---------------------------------------------------------------------------------

-- name: release_page
-- Releases one free page to the file system: Python's driver executes one step.
PRAGMA incremental_vacuum(1);
