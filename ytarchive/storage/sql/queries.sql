-- Videos ------------------------------------------------------------------------------------------

-- name: upsert_metadata
-- All other columns of the video keep their values.
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

-- name: add_profile
INSERT INTO profiles (profile) SELECT :profile WHERE :profile IS NOT NULL
ON CONFLICT DO NOTHING;

-- name: upsert_media
-- The first refresh of the metadata is due after a day.
INSERT INTO videos (video_id, media_path, quality, stored_at, missing, profile, refresh_at)
VALUES (
    :video_id, :media_path, :quality, :stored_at, :missing,
    (SELECT number FROM profiles WHERE profile = :profile), :stored_at + 86400000000
)
ON CONFLICT (video_id) DO UPDATE SET
    media_path = excluded.media_path,
    quality = excluded.quality,
    stored_at = excluded.stored_at,
    missing = excluded.missing,
    profile = excluded.profile,
    refresh_at = ifnull(refresh_at, excluded.refresh_at);

-- name: set_missing
-- The profile stays if none is given.
UPDATE videos SET
    missing = :missing,
    profile = ifnull((SELECT number FROM profiles WHERE profile = :profile), profile)
WHERE video_id = :video_id;

-- name: upsert_absent
INSERT INTO absent_captions (video_id, language, checks, next_check_at)
VALUES (:video_id, :language, 1, :now + :pause)
ON CONFLICT (video_id, language) DO UPDATE SET
    checks = checks + 1,
    next_check_at = :now + min(:longest, :pause << min(checks, 8));

-- name: delete_absent
DELETE FROM absent_captions WHERE video_id = :video_id AND language = :language;

-- name: absent_of
SELECT language FROM absent_captions WHERE video_id = :video_id;

-- name: due_absent
SELECT absent_captions.video_id, absent_captions.language
FROM json_each(:video_ids) AS asked
JOIN absent_captions ON absent_captions.video_id = asked.value
WHERE absent_captions.next_check_at <= :now;

-- name: side_files_of
SELECT files.video_id, files.path AS name, files.role, files.language, files.format
FROM json_each(:video_ids) AS asked JOIN files ON files.video_id = asked.value
WHERE files.role IN (
    'captions', 'thumbnail', 'description', 'comments', 'live_chat'
);

-- name: upsert_file
INSERT INTO files (video_id, path, role, language, automatic, format, size_bytes, sha256)
VALUES (:video_id, :path, :role, :language, :automatic, :format, :size_bytes, :sha256)
ON CONFLICT (video_id, path) DO UPDATE SET
    role = excluded.role,
    language = excluded.language,
    automatic = excluded.automatic,
    format = excluded.format,
    size_bytes = excluded.size_bytes,
    sha256 = excluded.sha256;

-- name: get_digest
SELECT sha256 FROM files WHERE video_id = :video_id AND path = :path;

-- name: get_video
-- The video with its side files as JSON list of ArchivedFile, and the paths of damaged
-- files.
SELECT videos.*, (
    SELECT json_group_array(
        json_object('name', path, 'role', role, 'language', language, 'format', format)
    ) FROM files
    WHERE files.video_id = videos.video_id AND role IN (
    'captions', 'thumbnail', 'description', 'comments', 'live_chat'
)
) AS sidecars, (
    SELECT json_group_array(path) FROM findings
    WHERE findings.video_id = videos.video_id AND NOT is_removed
      AND kind IN ('damaged', 'truncated', 'unreadable')
) AS damaged, (
    SELECT profiles.profile FROM profiles WHERE profiles.number = videos.profile
) AS asked
FROM videos WHERE video_id = :video_id;

-- name: stored_among
-- The ids of a JSON list whose media is stored, or that lists do not fetch because of a mark, in one
-- query for a list of any length.
SELECT NULL AS removed, NULL AS known_elsewhere, videos.video_id, videos.media_path,
       videos.missing NOTNULL AS is_incomplete, quality,
       profiles.profile AS asked, EXISTS (
           SELECT 1 FROM findings WHERE findings.path = videos.media_path AND NOT is_removed
             AND kind IN ('damaged', 'truncated', 'unreadable')
       ) AS is_damaged
FROM json_each(:video_ids) AS asked JOIN videos ON videos.video_id = asked.value
LEFT JOIN profiles ON profiles.number = videos.profile
WHERE videos.media_path IS NOT NULL
UNION ALL
SELECT marks.removed, marks.known_elsewhere, marks.video_id, NULL, NULL, NULL, NULL, NULL
FROM json_each(:video_ids) AS asked JOIN marks ON marks.video_id = asked.value
WHERE marks.removed OR marks.known_elsewhere NOTNULL;

-- name: list_videos
-- Callers insert the order, the filters, and the index of the order or of a selective filter.
SELECT /* key */ number, video_id, title, channel_id, channel_title, upload_date, duration,
       quality, size_bytes, captions, stored_at, media_path, missing
FROM videos /* by */
WHERE media_path IS NOT NULL /* and */ /* after */
/* order */ LIMIT :limit;

-- name: exported_videos
-- Stored videos by number, of a channel or all.
SELECT * FROM videos
WHERE media_path IS NOT NULL AND number > :reached
  AND (:channel IS NULL OR channel_id = :channel OR channel_title = :channel COLLATE NOCASE)
ORDER BY number
LIMIT :limit;

-- name: has_channel
-- Whether a video of a channel is known, stored or not.
SELECT 1 FROM videos
WHERE channel_id = :channel OR channel_title = :channel COLLATE NOCASE
LIMIT 1;

-- name: listed_exports
-- The stored ones among the videos of a JSON list, in its order.
SELECT videos.* FROM json_each(:video_ids) AS asked
JOIN videos ON videos.video_id = asked.value
WHERE media_path IS NOT NULL
  AND (:channel IS NULL OR channel_id = :channel OR channel_title = :channel COLLATE NOCASE)
ORDER BY asked.key;

-- name: exported_files
SELECT files.* FROM json_each(:video_ids) AS asked JOIN files ON files.video_id = asked.value
ORDER BY asked.key, files.path;

-- name: count_some
-- The number of videos that a filter matches, counted up to `:most`.
SELECT count(*) AS videos FROM (
    SELECT 1 FROM videos /* by */ WHERE media_path IS NOT NULL /* and */ LIMIT :most
);

-- name: video_of_channel
SELECT 1 FROM videos WHERE channel_id = :channel AND media_path IS NOT NULL LIMIT 1;

-- name: totals
SELECT *, videos AS total_videos, incomplete AS incomplete_videos, metadata AS total_metadata,
       playlists AS total_playlists, files AS total_files, size_bytes AS total_size_bytes
FROM totals;

-- Changes, for the search index -------------------------------------------------------------------

-- name: search_state
SELECT library_id, (SELECT ifnull(max(revision), 0) FROM changes) AS newest FROM identity;

-- name: count_changes
SELECT count(*) AS videos FROM changes WHERE revision > :after;

-- name: list_changes
SELECT changes.revision, videos.video_id, videos.title, videos.channel_id, videos.channel_title,
       videos.upload_date, videos.duration, videos.media_path, (
           SELECT json_group_object(path, ifnull(language, '')) FROM files
           WHERE files.video_id = videos.video_id AND role = 'captions'
       ) AS captions
FROM changes JOIN videos ON videos.number = changes.video
WHERE changes.revision > :after
ORDER BY changes.revision
LIMIT :limit;

-- Views -------------------------------------------------------------------------------------------

-- name: shown_changes
-- Changed videos, also those without media, which views no longer show.
SELECT changes.revision, shown_videos.* FROM changes
JOIN shown_videos ON shown_videos.number = changes.video
WHERE changes.revision > :after ORDER BY changes.revision LIMIT :limit;

-- name: shown_among
SELECT shown_videos.* FROM json_each(:video_ids) AS asked
JOIN shown_videos ON shown_videos.video_id = asked.value
WHERE media_path IS NOT NULL;

-- name: shown_of_channel
SELECT * FROM shown_videos
WHERE channel_id = :channel_id AND media_path IS NOT NULL;

-- name: channels_shown
-- Each channel's title in its newest metadata; null without videos.
SELECT asked.value AS channel_id, (
    SELECT channel_title FROM videos
    WHERE channel_id = asked.value AND media_path IS NOT NULL
    ORDER BY metadata_at DESC LIMIT 1
) AS title
FROM json_each(:channel_ids) AS asked;

-- name: changed_channels
SELECT DISTINCT channel_id FROM changes JOIN videos ON videos.number = changes.video
WHERE changes.revision > :after AND channel_id <> '';

-- name: lists_shown
SELECT playlist_id, title FROM playlists WHERE playlist_id > :after
ORDER BY playlist_id LIMIT :limit;

-- name: newest_list
SELECT ifnull(max(stored_at), 0) AS stored_at FROM playlists;

-- Podcast feeds -----------------------------------------------------------------------------------

-- name: feed_of_channel
SELECT * FROM feed_videos WHERE channel_id = :source ORDER BY published DESC LIMIT :limit;

-- name: feed_of_profile
SELECT * FROM feed_videos WHERE profile = :source ORDER BY published DESC LIMIT :limit;

-- name: feed_of_list
SELECT feed_videos.* FROM (
    SELECT videos.video_id FROM json_each(:source) AS listed
    JOIN videos ON videos.video_id = listed.value
    WHERE media_path IS NOT NULL
    ORDER BY ifnull(upload_date, stored_at) DESC LIMIT :limit
) AS newest
JOIN feed_videos ON feed_videos.video_id = newest.video_id
ORDER BY published DESC;

-- name: feed_video
SELECT * FROM feed_videos WHERE video_id = :video_id;

-- name: profiles_for_sound
SELECT number, profile FROM profiles WHERE json_extract(profile, '$.quality') = 'audio';

-- name: get_playlist
SELECT title, channel_title FROM playlists WHERE playlist_id = :playlist_id;

-- Marks -------------------------------------------------------------------------------------------

-- name: upsert_marks
INSERT INTO marks (video_id, keep, removed, known_elsewhere, episode, season, episode_path)
VALUES (:video_id, :keep, :removed, :known_elsewhere, :episode, :season, :episode_path)
ON CONFLICT (video_id) DO UPDATE SET
    keep = excluded.keep, removed = excluded.removed,
    known_elsewhere = excluded.known_elsewhere, episode = excluded.episode,
    season = excluded.season, episode_path = excluded.episode_path;

-- name: all_marks
SELECT * FROM marks;

-- name: delete_marks
DELETE FROM marks;

-- name: known_among
SELECT marks.video_id, known_elsewhere FROM json_each(:video_ids) AS asked
JOIN marks ON marks.video_id = asked.value WHERE known_elsewhere NOTNULL;

-- name: episodes_among
SELECT marks.video_id, season, episode, episode_path
FROM json_each(:video_ids) AS asked
JOIN marks ON marks.video_id = asked.value
WHERE episode NOTNULL;

-- name: all_episodes
-- The places of all videos, with their channels, which name the folders of later videos.
SELECT season, episode, episode_path, coalesce(videos.channel_id, '') AS channel_id
FROM marks
LEFT JOIN videos ON videos.video_id = marks.video_id
WHERE episode_path NOTNULL;

-- name: seasons_of_channels
-- With the upload of each season's first video.
SELECT asked.value AS channel_id, season, instr(episode_path, '/Music ') > 0 AS is_music,
       min(episode_path) AS episode_path, min(upload_date) AS oldest
FROM json_each(:channel_ids) AS asked
CROSS JOIN videos ON channel_id = asked.value AND media_path NOTNULL
JOIN marks ON marks.video_id = videos.video_id
WHERE substr(episode_path, 1, instr(episode_path, '/') - 1) <> :unknown
GROUP BY asked.value, season, is_music
ORDER BY asked.value, season;

-- name: touch_channel
-- One video represents its channel among the changes.
INSERT OR REPLACE INTO changes (video)
SELECT number FROM videos WHERE channel_id = :channel_id AND media_path NOTNULL LIMIT 1;

-- name: stored_ids
SELECT videos.video_id FROM json_each(:video_ids) AS asked
JOIN videos ON videos.video_id = asked.value WHERE videos.media_path NOTNULL;

-- name: list_marks
-- Videos whose marks were all removed are left out, and those with nothing but a place in views.
SELECT * FROM marks
WHERE video_id > coalesce(:cursor, '')
  AND keep = coalesce(:keep, keep) AND removed = coalesce(:removed, removed)
  AND (keep OR removed OR known_elsewhere NOTNULL OR (episode NOTNULL AND episode_path IS NULL))
ORDER BY video_id
LIMIT :limit;

-- name: removed_but_stored
-- Videos that are marked as removed and registered as stored.
SELECT marks.video_id FROM marks CROSS JOIN videos ON videos.video_id = marks.video_id
WHERE marks.removed AND videos.media_path NOTNULL;

-- name: is_removed_but_stored
SELECT 1 FROM marks JOIN videos ON videos.video_id = marks.video_id
WHERE marks.video_id = :video_id AND marks.removed AND videos.media_path NOTNULL;

-- Removals ----------------------------------------------------------------------------------------

-- name: registered_files
SELECT path, role, size_bytes, sha256 FROM files WHERE video_id = :video_id ORDER BY path;

-- name: begin_removal
INSERT INTO removals (video_id, keeps_metadata, items)
VALUES (:video_id, :keeps_metadata, :items);

-- name: list_removals
SELECT * FROM removals ORDER BY video_id;

-- name: end_removal
DELETE FROM removals WHERE video_id = :video_id;

-- name: remove_files
DELETE FROM files WHERE video_id = :video_id AND (NOT :keeps_metadata OR role <> 'metadata');

-- name: remove_absent
DELETE FROM absent_captions WHERE video_id = :video_id;

-- name: remove_media
-- The row stays: the search index refers to its number, and learns of the removal by this change.
UPDATE videos SET
    media_path = NULL, quality = NULL, stored_at = NULL, missing = NULL, profile = NULL,
    refresh_at = NULL,
    metadata_at = iif(:keeps_metadata, metadata_at, NULL)
WHERE video_id = :video_id;

-- Refreshes ---------------------------------------------------------------------------------------

-- name: oldest_due
SELECT video_id, (
    SELECT json_extract(profiles.profile, '$.include_comments') FROM profiles
    WHERE profiles.number = videos.profile
) AS with_comments
FROM videos WHERE refresh_at <= :now ORDER BY refresh_at, video_id LIMIT :limit;

-- name: newest_due
SELECT video_id, (
    SELECT json_extract(profiles.profile, '$.include_comments') FROM profiles
    WHERE profiles.number = videos.profile
) AS with_comments
FROM videos WHERE refresh_at <= :now
ORDER BY refresh_at DESC, video_id DESC LIMIT :limit;

-- name: next_refresh
SELECT refresh_at FROM videos WHERE refresh_at NOTNULL ORDER BY refresh_at LIMIT 1;

-- name: stored_time
SELECT stored_at FROM videos WHERE video_id = :video_id AND media_path NOTNULL;

-- name: plan_refresh
UPDATE videos SET refresh_at = :refresh_at WHERE video_id = :video_id AND media_path NOTNULL;

-- name: use_budget
INSERT INTO refresh_budget (day, requests, units) VALUES (:day, :requests, :units)
ON CONFLICT (day) DO UPDATE SET
    requests = requests + excluded.requests, units = units + excluded.units;

-- name: remove_budgets_before
DELETE FROM refresh_budget WHERE day < :day;

-- name: get_budget
SELECT requests, units FROM refresh_budget WHERE day = :day;

-- name: set_lost
INSERT INTO lost (video_id, reason, since) VALUES (:video_id, :reason, :since)
ON CONFLICT (video_id) DO UPDATE SET reason = excluded.reason, since = excluded.since;

-- name: end_lost
DELETE FROM lost WHERE video_id = :video_id;

-- name: refresh_soon
-- The video is available again.
UPDATE videos SET refresh_at = min(refresh_at, :now)
WHERE video_id = :video_id AND refresh_at NOTNULL;

-- name: list_lost
-- Stored videos that YouTube no longer has.
SELECT lost.reason, lost.since AS lost_since, videos.video_id, title, channel_id,
       channel_title, upload_date, duration, stored_at, size_bytes
FROM lost INDEXED BY lost_by_time CROSS JOIN videos ON videos.video_id = lost.video_id
WHERE lost.since <= :since AND (lost.since < :since OR lost.video_id < :video_id)
  AND videos.media_path NOTNULL
ORDER BY lost.since DESC, lost.video_id DESC
LIMIT :limit;

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
INSERT INTO moves (
    video_id, staged_path, target_path, quality, files, missing, profile, stored_at, adds,
    displaced
) VALUES (
    :video_id, :staged_path, :target_path, :quality, :files, :missing, :profile,
    :stored_at, :adds, :displaced
);

-- name: end_move
DELETE FROM moves WHERE video_id = :video_id;

-- name: get_move
SELECT * FROM moves WHERE video_id = :video_id;

-- name: list_moves
SELECT * FROM moves ORDER BY video_id;

-- Work plans --------------------------------------------------------------------------------------

-- name: plan_of_job
SELECT plan_id FROM work_plans WHERE job_id = :job_id;

-- name: plan_of_list
SELECT plan_id FROM work_plans
WHERE playlist_id = :playlist_id AND metadata_only = :metadata_only;

-- name: give_plan
-- A job with another plan, made before lists had plans, keeps that plan.
UPDATE OR IGNORE work_plans SET job_id = :job_id WHERE plan_id = :plan_id;

-- name: give_plan_to_list
UPDATE work_plans SET playlist_id = :playlist_id, metadata_only = :metadata_only
WHERE plan_id = :plan_id;

-- name: count_plans_named
-- The number of plans whose file names begin with the same time.
SELECT count(*) AS plans FROM work_plans
WHERE file_name >= :time AND file_name < :time || '~';

-- name: insert_plan
INSERT INTO work_plans (
    plan_id, job_id, file_name, created_at, updated_at, total_videos, successful_videos
) VALUES (:plan_id, :job_id, :file_name, :now, :now, 0, 0);

-- name: update_plan
-- A total that is not given keeps its value. `updated_at` always increases, even if the clock is
-- set back.
UPDATE work_plans SET
    updated_at = max(:now, updated_at + 1),
    total_videos = iif(:total_videos > 0, :total_videos, total_videos),
    successful_videos = iif(:successful_videos > 0, :successful_videos, successful_videos)
WHERE plan_id = :plan_id;

-- name: upsert_entry
-- `added_at` keeps the time at which the video was added to the plan.
INSERT INTO work_plan_entries (plan_id, video_id, kind, entry, added_at)
VALUES (:plan_id, :video_id, :kind, :entry, :added_at)
ON CONFLICT (plan_id, video_id) DO UPDATE SET kind = excluded.kind, entry = excluded.entry;

-- name: delete_entries
DELETE FROM work_plan_entries
WHERE plan_id = :plan_id AND video_id IN (SELECT value FROM json_each(:video_ids));

-- name: plans_to_merge
SELECT plan_id, file_name FROM work_plans
WHERE plan_id IN (SELECT value FROM json_each(:plan_ids)) AND plan_id <> :plan_id;

-- name: merge_entries
-- For a video in several plans, keep the entry of the target plan, or else of the newest plan, with
-- the earliest `added_at` of all.
INSERT INTO work_plan_entries (plan_id, video_id, kind, entry, added_at)
SELECT :plan_id, video_id, kind, entry, added_at FROM work_plan_entries
WHERE plan_id IN (SELECT value FROM json_each(:plan_ids)) AND plan_id <> :plan_id
ORDER BY plan_id DESC, number
ON CONFLICT (plan_id, video_id) DO UPDATE SET added_at = min(added_at, excluded.added_at);

-- name: remove_entries
DELETE FROM work_plan_entries
WHERE plan_id IN (SELECT value FROM json_each(:plan_ids)) AND plan_id <> :plan_id;

-- name: remove_plans
DELETE FROM work_plans
WHERE plan_id IN (SELECT value FROM json_each(:plan_ids)) AND plan_id <> :plan_id;

-- name: plans_with_video
-- Plans that list a video as missing although its media is now stored.
SELECT e.plan_id FROM work_plan_entries AS e JOIN work_plans AS p ON p.plan_id = e.plan_id
WHERE e.video_id = :video_id AND p.metadata_only = 0;

-- name: stored_entries
-- Videos whose media was stored after they were added to a plan. This excludes videos that a forced
-- download could not replace, because they were stored before.
SELECT DISTINCT e.video_id
FROM work_plan_entries AS e
JOIN work_plans AS p ON p.plan_id = e.plan_id
JOIN videos AS v ON v.video_id = e.video_id
WHERE p.metadata_only = 0 AND v.media_path NOTNULL AND v.stored_at > e.added_at;

-- name: get_plan
SELECT * FROM work_plans WHERE plan_id = :plan_id;

-- name: plan_entries
SELECT plan_id, video_id, kind, entry, added_at FROM work_plan_entries
WHERE plan_id = :plan_id ORDER BY number;

-- name: list_plans
-- Newest first: ids are sortable by time. Without a cursor, the first page.
SELECT * FROM work_plans
WHERE plan_id >= coalesce(:prefix, '')
  AND plan_id < min(coalesce(:cursor, '~'), coalesce(:prefix, '') || '~')
  AND (NOT :missing OR unavailable + failed > 0)
ORDER BY plan_id DESC
LIMIT :limit;

-- name: plan_files
SELECT plan_id, file_name, written_at IS updated_at AS is_current FROM work_plans;

-- name: plan_written
UPDATE work_plans SET written_at = :updated_at WHERE plan_id = :plan_id;

-- Verification ------------------------------------------------------------------------------------

-- name: get_pass
SELECT * FROM verification WHERE scope = :scope;

-- name: newest_passes
-- Newest first: one per scope, including damaged ones.
SELECT * FROM verification ORDER BY state = 'running' DESC, updated_at DESC LIMIT 100;

-- name: forget_pass
DELETE FROM verification WHERE scope = :scope;

-- name: begin_pass
INSERT INTO verification (
    scope, mode, sample_percent, seed, state, started_at, updated_at, videos_total
) VALUES (:scope, :mode, :sample_percent, :seed, 'running', :now, :now, :videos_total)
ON CONFLICT (scope) DO UPDATE SET
    mode = excluded.mode,
    completed_at = iif(completed_at BETWEEN 0 AND :now, completed_at, NULL),
    sample_percent = excluded.sample_percent,
    seed = excluded.seed,
    state = 'running',
    error = NULL,
    started_at = excluded.started_at,
    updated_at = excluded.updated_at,
    video_cursor = '',
    videos_total = excluded.videos_total,
    videos_checked = 0,
    files_checked = 0,
    bytes_checked = 0;

-- name: save_progress
UPDATE verification SET
    updated_at = :now,
    video_cursor = :video_cursor,
    videos_checked = :videos_checked,
    files_checked = :files_checked,
    bytes_checked = :bytes_checked
WHERE scope = :scope;

-- name: set_pass_state
UPDATE verification SET
    state = :state,
    error = :error,
    updated_at = :now,
    completed_at = iif(:state = 'complete', :now, completed_at)
WHERE scope = :scope;

-- name: stop_interrupted_passes
-- Passes that were running when the process ended can be resumed.
UPDATE verification SET state = 'stopped' WHERE state = 'running';

-- name: next_videos
-- The videos after the cursor, by number, because an id with damaged bytes has no defined position
-- in text order.
SELECT number, CAST(video_id AS BLOB) AS video_id FROM videos
WHERE number > :cursor ORDER BY number LIMIT :limit;

-- name: count_videos_until
SELECT count(*) AS videos FROM videos WHERE number <= :cursor;

-- name: videos_without_media
-- Stored videos whose media file is not registered: a row of either table is damaged or lost. Scans
-- all videos.
SELECT number, CAST(video_id AS BLOB) AS video_id FROM videos
WHERE media_path IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM files WHERE files.video_id = videos.video_id AND files.path = videos.media_path
)
LIMIT :limit;

-- name: files_without_video
-- Files of videos that are not registered, for the same reason. Scans all files.
SELECT DISTINCT CAST(video_id AS BLOB) AS video_id FROM files
WHERE NOT EXISTS (SELECT 1 FROM videos WHERE videos.video_id = files.video_id)
LIMIT :limit;

-- name: count_videos
SELECT count(*) AS videos FROM videos;

-- name: files_of
-- Text is returned as bytes, so that damaged values can be recognised.
SELECT CAST(files.video_id AS BLOB) AS video_id, CAST(files.path AS BLOB) AS path,
       CAST(files.role AS BLOB) AS role, files.size_bytes, files.sha256
FROM json_each(:video_ids) AS asked JOIN files ON files.video_id = asked.value
ORDER BY files.video_id, files.path;

-- name: files_beside
-- The files of a video in the folder of its media, the media first. Lists of digests and metadata
-- are handled separately.
SELECT files.* FROM files JOIN videos USING (video_id)
WHERE files.video_id = :video_id AND files.path > :folder || '/' AND files.path < :folder || '0'
  AND files.role NOT IN ('checksums', 'metadata')
ORDER BY files.path = videos.media_path DESC, files.path;

-- name: video_files
SELECT * FROM files WHERE video_id = :video_id AND role <> 'metadata' ORDER BY path;

-- name: folders_known
-- The ids of a JSON list that have files in their folder below :parent, or an unfinished move.
SELECT asked.value AS video_id FROM json_each(:video_ids) AS asked
WHERE EXISTS (
    SELECT 1 FROM files
    WHERE files.video_id = asked.value
      AND files.path > :parent || '/' || asked.value || '/'
      AND files.path < :parent || '/' || asked.value || '0'
) OR EXISTS (SELECT 1 FROM moves WHERE moves.video_id = asked.value);

-- name: paths_known
-- The paths of a JSON list that are registered. Scans all files, because so few paths are looked up
-- that an index by path is not worth its space.
SELECT path FROM files WHERE path IN (SELECT value FROM json_each(:paths));

-- name: upsert_finding
-- The finding replaces an earlier finding for the same path, except that a foreign file in the place of
-- a file that was taken out does not hide the loss: that stays until the video is stored again.
INSERT INTO findings (path, video_id, kind, detail, found_at, quality, profile, language, format)
VALUES (
    :path, :video_id, :kind, :detail, :now,
    (SELECT quality FROM videos WHERE video_id = :video_id),
    (SELECT profile FROM videos WHERE video_id = :video_id),
    (SELECT language FROM files WHERE video_id = :video_id AND path = :path),
    (SELECT format FROM files WHERE video_id = :video_id AND path = :path)
)
ON CONFLICT (path) DO UPDATE SET
    kind = excluded.kind,
    detail = excluded.detail,
    found_at = excluded.found_at,
    quality = excluded.quality,
    profile = excluded.profile,
    language = excluded.language,
    format = excluded.format,
    quarantine_path = NULL,
    is_removed = 0
WHERE NOT (findings.is_removed AND excluded.kind = 'foreign');

-- name: mark_removed
UPDATE findings SET quarantine_path = :quarantine_path, is_removed = 1 WHERE path = :path;

-- name: delete_finding
DELETE FROM findings WHERE path = :path;

-- name: delete_findings_of
DELETE FROM findings WHERE video_id = :video_id;

-- name: delete_row_findings
DELETE FROM findings WHERE kind = 'unreadable_row';

-- name: list_findings
-- The cursor is the bytes of a path, so that a damaged path does not end the list.
SELECT findings.*, CAST(path AS BLOB) AS place, profiles.profile AS asked
FROM findings LEFT JOIN profiles ON profiles.number = findings.profile
WHERE path > CAST(:cursor AS TEXT) ORDER BY path LIMIT :limit;

-- name: count_findings
SELECT kind, count(*) AS findings FROM findings GROUP BY kind;

-- name: untreated_findings
SELECT path, video_id, kind, CAST(path AS BLOB) AS place FROM findings
WHERE NOT is_removed AND path > CAST(:cursor AS TEXT)
ORDER BY path
LIMIT :limit;

-- name: delete_file
DELETE FROM files WHERE video_id = :video_id AND path = :path;

-- name: forget_media
-- Another copy becomes the video's media. Without a copy the video is no longer stored, and keeps
-- its quality.
UPDATE videos SET media_path = :copy, quality = iif(:copy IS NULL, quality, :copy_quality)
WHERE video_id = :video_id AND media_path = :path;

-- Rebuilding the library from the files -----------------------------------------------------------

-- name: add_video
INSERT INTO videos (video_id) VALUES (:video_id) ON CONFLICT DO NOTHING;

-- name: add_media
-- If a video has several media files, in one or more folders, the newest is used.
INSERT INTO videos (video_id, media_path, quality, stored_at, missing, profile, refresh_at)
VALUES (
    :video_id, :media_path, :quality, :stored_at, :missing,
    (SELECT number FROM profiles WHERE profile = :profile), :stored_at + 86400000000
)
ON CONFLICT (video_id) DO UPDATE SET
    media_path = excluded.media_path,
    quality = excluded.quality,
    stored_at = excluded.stored_at,
    missing = excluded.missing,
    profile = excluded.profile,
    refresh_at = excluded.refresh_at
WHERE videos.stored_at IS NULL OR videos.stored_at <= excluded.stored_at;

-- name: add_plan
INSERT INTO work_plans (
    plan_id, job_id, playlist_id, metadata_only, file_name, created_at, updated_at, written_at,
    total_videos, successful_videos
) VALUES (
    :plan_id, :job_id, :playlist_id, :metadata_only, :file_name, :created_at, :updated_at,
    :updated_at, :total_videos, :successful_videos
);

-- Identity ----------------------------------------------------------------------------------------

-- name: forget_archive
DELETE FROM archive WHERE id <> :id;

-- name: record_archive
INSERT INTO archive (id, recorded_at) VALUES (:id, :now) ON CONFLICT DO NOTHING;

-- name: get_archive
SELECT id FROM archive;

-- name: some_files
-- Enough files to find at least one if a part of the archive is present.
SELECT path FROM files WHERE role IN ('media', 'metadata')
UNION ALL SELECT staged_path FROM moves
LIMIT 20000;

-- name: count_stored
SELECT
    (SELECT count(*) FROM videos WHERE media_path IS NOT NULL) AS videos,
    (SELECT count(*) FROM work_plans) AS work_plans;

-- Adoption ----------------------------------------------------------------------------------------

-- name: get_adoption
SELECT * FROM adoption;

-- name: begin_adoption
INSERT INTO adoption (folder, method, dry_run, state, started_at, updated_at)
VALUES (:folder, :method, :dry_run, 'running', :now, :now);

-- name: forget_adoption
DELETE FROM adoption;

-- name: forget_adopted_files
DELETE FROM adopted_files;

-- name: set_adoption_state
UPDATE adoption SET
    state = :state,
    error = :error,
    updated_at = :now,
    completed_at = iif(:state = 'complete', :now, NULL);

-- name: stop_interrupted_adoption
UPDATE adoption SET state = 'stopped' WHERE state = 'running';

-- name: add_found_file
INSERT INTO adopted_files (path, size_bytes, video_id, layout, stem, rest, outcome, detail)
VALUES (:path, :size, :video_id, :layout, :stem, :rest, :outcome, :detail)
ON CONFLICT DO NOTHING;

-- name: set_listed
UPDATE adoption SET is_listed = 1, updated_at = :now;

-- name: set_files_found
UPDATE adoption SET files_found = :files, updated_at = :now;

-- name: next_found_videos
SELECT DISTINCT video_id FROM adopted_files
WHERE outcome IS NULL AND video_id > :cursor ORDER BY video_id LIMIT :limit;

-- name: count_found_videos
UPDATE adoption SET videos_found = (
    SELECT count(DISTINCT video_id) FROM adopted_files WHERE video_id IS NOT NULL
);

-- name: found_files_of
SELECT * FROM adopted_files WHERE video_id = :video_id AND outcome IS NULL ORDER BY path;

-- name: found_lists
SELECT path FROM adopted_files
WHERE video_id IS NULL AND layout = :layout AND outcome = 'not_recognised' ORDER BY path;

-- name: found_among
SELECT asked.value AS video_id FROM json_each(:video_ids) AS asked
WHERE EXISTS (SELECT 1 FROM adopted_files WHERE video_id = asked.value);

-- name: mark_begun
UPDATE adopted_files SET begun_as = :name WHERE path = :path;

-- name: settle_file
UPDATE adopted_files SET outcome = :outcome, detail = :detail WHERE path = :path;

-- name: count_adopted
UPDATE adoption SET
    videos_done = videos_done + 1,
    videos_adopted = videos_adopted + :videos,
    bytes_adopted = bytes_adopted + :bytes,
    updated_at = :now;

-- name: count_outcomes
SELECT outcome, count(*) AS files FROM adopted_files WHERE outcome IS NOT NULL GROUP BY outcome;

-- name: list_adopted_files
SELECT *, CAST(path AS BLOB) AS place FROM adopted_files
WHERE outcome IS NOT NULL AND (:outcome IS NULL OR outcome = :outcome)
  AND path > CAST(:cursor AS TEXT)
ORDER BY path LIMIT :limit;

-- name: add_undescribed
INSERT INTO undescribed_videos (video_id) VALUES (:video_id) ON CONFLICT DO NOTHING;

-- name: list_undescribed
SELECT video_id FROM undescribed_videos ORDER BY video_id LIMIT :limit;

-- name: settle_undescribed
DELETE FROM undescribed_videos WHERE video_id IN (SELECT value FROM json_each(:video_ids));
