-- Videos ------------------------------------------------------------------------------------------

-- name: upsert_metadata
-- Whatever else is known of the video stays as it is.
INSERT INTO videos (
    video_id, title, channel_id, channel_title, upload_date, duration, metadata_at
) VALUES (
    :video_id, :title, :channel_id, :channel_title, :upload_date, :duration, :now
)
ON CONFLICT (video_id) DO UPDATE SET
    title = excluded.title,
    channel_id = excluded.channel_id,
    channel_title = excluded.channel_title,
    upload_date = excluded.upload_date,
    duration = excluded.duration,
    metadata_at = excluded.metadata_at;

-- name: upsert_media
INSERT INTO videos (video_id, media_path, quality, stored_at)
VALUES (:video_id, :media_path, :quality, :now)
ON CONFLICT (video_id) DO UPDATE SET
    media_path = excluded.media_path,
    quality = excluded.quality,
    stored_at = excluded.stored_at;

-- name: upsert_file
INSERT INTO files (video_id, path, role, size_bytes, sha256)
VALUES (:video_id, :path, :role, :size_bytes, :sha256)
ON CONFLICT (video_id, path) DO UPDATE SET
    role = excluded.role,
    size_bytes = excluded.size_bytes,
    sha256 = excluded.sha256;

-- name: get_video
SELECT * FROM videos WHERE video_id = :video_id;

-- name: sidecar_paths
SELECT role, path FROM files
WHERE video_id = :video_id AND role IN ('thumbnail', 'captions')
ORDER BY path;

-- name: stored_among
-- Those of a JSON list of ids whose media is stored, in one query however many they are.
SELECT videos.video_id
FROM json_each(:video_ids) AS asked JOIN videos ON videos.video_id = asked.value
WHERE videos.media_path IS NOT NULL;

-- name: totals
SELECT * FROM totals;

-- Playlists ---------------------------------------------------------------------------------------

-- name: upsert_playlist
INSERT INTO playlists (playlist_id, title, channel_id, channel_title, video_count, stored_at)
VALUES (:playlist_id, :title, :channel_id, :channel_title, :video_count, :now)
ON CONFLICT (playlist_id) DO UPDATE SET
    title = excluded.title,
    channel_id = excluded.channel_id,
    channel_title = excluded.channel_title,
    video_count = excluded.video_count,
    stored_at = excluded.stored_at;

-- Moves from staging ------------------------------------------------------------------------------

-- name: begin_move
INSERT INTO moves (video_id, staged_path, target_path, quality, files)
VALUES (:video_id, :staged_path, :target_path, :quality, :files);

-- name: end_move
DELETE FROM moves WHERE video_id = :video_id;

-- name: get_move
SELECT * FROM moves WHERE video_id = :video_id;

-- name: list_moves
SELECT * FROM moves ORDER BY video_id;

-- Work plans --------------------------------------------------------------------------------------

-- name: plan_of_job
SELECT plan_id FROM work_plans WHERE job_id = :job_id;

-- name: count_plans_named
-- How many plans' files begin with the same time.
SELECT count(*) AS plans FROM work_plans
WHERE file_name >= :time AND file_name < :time || '~';

-- name: insert_plan
INSERT INTO work_plans (
    plan_id, job_id, file_name, created_at, updated_at, total_videos, successful_videos
) VALUES (:plan_id, :job_id, :file_name, :now, :now, 0, 0);

-- name: update_plan
-- A total that is not given stays. `updated_at` always grows, even when the clock is set back.
UPDATE work_plans SET
    updated_at = max(:now, updated_at + 1),
    total_videos = iif(:total_videos > 0, :total_videos, total_videos),
    successful_videos = iif(:successful_videos > 0, :successful_videos, successful_videos)
WHERE plan_id = :plan_id;

-- name: upsert_entry
INSERT INTO work_plan_entries (plan_id, video_id, kind, entry)
VALUES (:plan_id, :video_id, :kind, :entry)
ON CONFLICT (plan_id, video_id) DO UPDATE SET kind = excluded.kind, entry = excluded.entry;

-- name: delete_entries
DELETE FROM work_plan_entries
WHERE plan_id = :plan_id AND video_id IN (SELECT value FROM json_each(:video_ids));

-- name: get_plan
SELECT * FROM work_plans WHERE plan_id = :plan_id;

-- name: plan_entries
SELECT kind, entry FROM work_plan_entries WHERE plan_id = :plan_id ORDER BY number;

-- name: list_plans
-- Newest first: ids are sortable by time. Without a cursor it is the first page.
SELECT * FROM work_plans
WHERE plan_id < coalesce(:cursor, '~')
ORDER BY plan_id DESC
LIMIT :limit;

-- name: plan_files
SELECT plan_id, file_name, written_at IS updated_at AS is_current FROM work_plans;

-- name: plan_written
UPDATE work_plans SET written_at = :updated_at WHERE plan_id = :plan_id;
