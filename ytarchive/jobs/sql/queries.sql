-- Jobs ------------------------------------------------------------------------------------------

-- name: insert_job
INSERT INTO jobs (
    id, type, status, created_at, updated_at, playlist_id, options, priority, trace_id, listing,
    own_videos, subscription_id, title
) VALUES (
    :id, :type, 'PENDING', :now, :now, :playlist_id, :options, :priority, :trace_id, :listing,
    :own_videos, :subscription_id, :title
);

-- name: get_job
SELECT * FROM jobs WHERE id = :id;

-- name: get_jobs
SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(:ids));

-- name: list_jobs
-- Newest first: ids are sortable by time. Without a cursor, the first page.
SELECT * FROM jobs
WHERE id >= coalesce(:prefix, '')
  AND id < min(coalesce(:cursor, '~'), coalesce(:prefix, '') || '~')
ORDER BY id DESC
LIMIT :limit;

-- name: list_jobs_of_type
SELECT * FROM jobs
WHERE type = :type AND id >= coalesce(:prefix, '')
  AND id < min(coalesce(:cursor, '~'), coalesce(:prefix, '') || '~')
ORDER BY id DESC
LIMIT :limit;

-- name: list_jobs_of_status
SELECT * FROM jobs
WHERE status = :status AND id >= coalesce(:prefix, '')
  AND id < min(coalesce(:cursor, '~'), coalesce(:prefix, '') || '~') AND type = coalesce(:type, type)
ORDER BY id DESC
LIMIT :limit;

-- name: open_jobs_like
SELECT id FROM jobs
WHERE status = 'PENDING' AND type = :type AND playlist_id IS :playlist_id
  AND options = :options AND own_videos = :own_videos AND subscription_id IS :subscription_id
ORDER BY id;

-- name: active_jobs
SELECT * FROM jobs WHERE status IN ('PENDING', 'RUNNING');

-- name: open_jobs_with_bytes
-- Open jobs that can be read; the id also as bytes, which may be damaged.
-- By ranges, so that the index finds them among the ended jobs.
SELECT *, CAST(id AS BLOB) AS raw_id FROM jobs
WHERE status < 'CANCELLED' OR (status > 'CANCELLED' AND status < 'COMPLETED')
   OR (status > 'COMPLETED' AND status < 'FAILED') OR status > 'FAILED';

-- name: forget_counts
DELETE FROM job_counts;

-- name: count_jobs_again
INSERT INTO job_counts (status, jobs) SELECT status, count(*) FROM jobs GROUP BY status;

-- name: end_damaged_job
UPDATE jobs SET
    status = 'FAILED', type = :type, options = '{}', error = :error, priority = 0, listing = 0,
    total = (SELECT count(*) FROM job_videos WHERE job_id = id),
    known = 0,
    created_at = iif(created_at BETWEEN 0 AND :now, created_at, :now), updated_at = :now
WHERE id = CAST(:raw_id AS TEXT);

-- name: end_damaged_videos
-- Videos of open jobs, without a readable id or state.
UPDATE job_videos SET
    state = 'failed', message = :message, reason = 'unknown', finished_at = :now, planned = 1
WHERE job_id IN (SELECT id FROM jobs WHERE status IN ('PENDING', 'RUNNING')) AND (
    state NOT IN ('new', 'queued', 'success', 'skipped', 'failed', 'unavailable', 'cancelled')
    OR (
        state IN ('new', 'queued')
        AND (length(video_id) <> 11 OR video_id GLOB '*[^A-Za-z0-9_-]*')
    )
);

-- name: count_jobs_by_status
SELECT status, jobs FROM job_counts;

-- name: count_waiting_videos
SELECT coalesce(sum(total - success - skipped - failed - unavailable - cancelled), 0) AS videos
FROM jobs WHERE status IN ('PENDING', 'RUNNING');

-- name: set_status
-- A cancelled job stays cancelled, whatever its last video reports.
UPDATE jobs SET status = :status, error = :error, updated_at = :now
WHERE id = :id AND status IN ('PENDING', 'RUNNING');

-- name: set_pending
-- No video of the job is active, and none can start.
UPDATE jobs SET status = 'PENDING', updated_at = :now WHERE id = :id AND status = 'RUNNING';

-- name: set_waiting
-- All remaining videos of the job wait for a later time.
UPDATE jobs SET status = 'PENDING', updated_at = :now
WHERE id = :id AND status = 'RUNNING' AND listing = 0
  AND NOT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :id AND state = 'new')
  AND EXISTS (SELECT 1 FROM job_videos WHERE job_id = :id AND state = 'queued')
  AND NOT EXISTS (
    SELECT 1 FROM job_videos WHERE job_id = :id AND state = 'queued' AND next_attempt_at <= :now
  );

-- name: set_all_pending
UPDATE jobs SET status = 'PENDING' WHERE status = 'RUNNING';

-- name: finish_job
-- Not if a retry has just queued some of its videos again.
UPDATE jobs SET status = :status, error = :error, updated_at = :now
WHERE id = :id AND status IN ('PENDING', 'RUNNING')
  AND NOT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :id AND state = 'new')
  AND NOT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :id AND state = 'queued');

-- name: reopen_job
UPDATE jobs SET status = 'PENDING', error = NULL, updated_at = :now
WHERE id = :id AND status IN ('COMPLETED', 'FAILED', 'CANCELLED');

-- name: list_again
UPDATE jobs SET listing = 1 WHERE id = :id;

-- name: touch_job
UPDATE jobs SET updated_at = :now WHERE id = :id;

-- name: set_list
UPDATE jobs SET title = :title, list_id = :list_id, updated_at = :now WHERE id = :id;

-- name: listing_finished
UPDATE jobs SET listing = 0, updated_at = :now WHERE id = :id;

-- name: set_work_plan
UPDATE jobs SET work_plan_id = :work_plan_id WHERE id = :id;

-- name: plans_of_lists
-- Each work plan of each list, with its newest job. A job that is not listed yet belongs to the list
-- of other jobs with the same address.
WITH known AS (
    SELECT playlist_id, max(list_id) AS list_id FROM jobs
    WHERE work_plan_id NOTNULL AND playlist_id NOTNULL GROUP BY playlist_id
)
SELECT
    coalesce(j.list_id, known.list_id, j.playlist_id) AS list,
    j.type = 'METADATA_ONLY' AS metadata_only,
    j.work_plan_id,
    max(j.id) AS job_id
FROM jobs AS j LEFT JOIN known ON known.playlist_id = j.playlist_id
WHERE j.work_plan_id NOTNULL AND j.playlist_id NOTNULL
GROUP BY 1, 2, 3
ORDER BY job_id DESC;

-- name: replace_work_plans
UPDATE jobs SET work_plan_id = :work_plan_id
WHERE work_plan_id IN (SELECT value FROM json_each(:merged)) AND playlist_id NOTNULL;

-- Videos of jobs ----------------------------------------------------------------------------------

-- name: add_video
-- A playlist may contain a video twice, and be listed twice after a crash: there is one row.
INSERT INTO job_videos (job_id, video_id, position, state, title, asked)
VALUES (:job_id, :video_id, :position, 'new', :title, :asked)
ON CONFLICT (job_id, video_id) DO NOTHING;

-- name: job_video_ids
-- A limit of -1 means no limit.
SELECT video_id FROM job_videos WHERE job_id = :job_id ORDER BY position LIMIT :limit;

-- name: job_results
-- The videos with a result, in the job's order.
SELECT * FROM job_videos
WHERE job_id = :job_id AND state NOT IN ('new', 'queued')
ORDER BY position
LIMIT :limit;

-- name: list_results
-- The same, after the video that is the cursor; of one state or of all.
SELECT * FROM job_videos
WHERE job_id = :job_id AND state NOT IN ('new', 'queued') AND state = coalesce(:status, state)
  AND (position, video_id) > (
    SELECT coalesce(max(position), -1), coalesce(max(video_id), '') FROM job_videos
    WHERE job_id = :job_id AND video_id = :cursor
  )
ORDER BY position, video_id
LIMIT :limit;

-- name: filters_of_list
-- Jobs of a list that excluded some of its videos.
SELECT id, options FROM jobs
WHERE coalesce(list_id, playlist_id) = :list AND skipped > 0;

-- name: filtered_before
SELECT asked.value AS video_id, min(v.message) AS message, v.rule
FROM json_each(:ids) AS asked
JOIN json_each(:jobs) AS earlier
JOIN job_videos AS v ON v.job_id = earlier.value AND v.video_id = asked.value
WHERE v.state = 'skipped' AND v.reason = 'filtered'
  AND v.rule NOT IN ('max_videos', 'max_videos_per_day', 'max_bytes', 'max_bytes_per_day')
GROUP BY asked.value;

-- name: new_videos
SELECT v.video_id, v.asked,
       v.asked = 1 AND (j.playlist_id IS NULL OR v.position < j.own_videos) AS named
FROM job_videos AS v JOIN jobs AS j ON j.id = v.job_id
WHERE v.job_id = :job_id AND v.state = 'new'
ORDER BY v.next_attempt_at, v.position
LIMIT :limit;

-- name: due_videos
-- The videos that may start now: first attempts in order, then due retries.
SELECT v.video_id, v.attempts, v.title,
       v.asked = 1 AND (j.playlist_id IS NULL OR v.position < j.own_videos) AS named
FROM job_videos AS v JOIN jobs AS j ON j.id = v.job_id
WHERE v.job_id = :job_id AND v.state = 'queued' AND v.next_attempt_at <= :now
ORDER BY next_attempt_at, position
LIMIT :limit;

-- name: count_queued
SELECT count(*) AS videos FROM job_videos WHERE job_id = :job_id AND state = 'queued';

-- name: next_due
-- Videos that were due before have been read already.
SELECT min(next_attempt_at) AS due FROM job_videos
WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at > :now;

-- name: next_waiting
-- The first waiting video, and the number of waiting videos; nothing if a video need not wait.
SELECT video_id, message, reason, error_code, min(next_attempt_at) AS due, count(*) AS videos
FROM job_videos
WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at > :now
  AND NOT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :job_id AND state = 'new')
  AND NOT EXISTS (
    SELECT 1 FROM job_videos
    WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at <= :now
  );

-- name: has_open_videos
SELECT total > success + skipped + failed + unavailable + cancelled AS open
FROM jobs WHERE id = :job_id;

-- name: video_state
SELECT state FROM job_videos WHERE job_id = :job_id AND video_id = :video_id;

-- name: queue_video
UPDATE job_videos SET state = 'queued'
WHERE job_id = :job_id AND video_id = :video_id AND state = 'new';

-- name: set_result
-- Only a waiting video gets a result: one that was cancelled meanwhile stays cancelled. Without new
-- errors the recorded ones are kept.
UPDATE job_videos SET
    state = :state, message = :message, error_code = :error_code, reason = :reason, rule = :rule,
    attempts = :attempts, errors = iif(:errors = '[]', errors, :errors),
    metadata_saved = :metadata_saved,
    video_downloaded = :video_downloaded, file_size = :file_size,
    duration_seconds = :duration_seconds, quality = :quality,
    audio_language = :audio_language, finished_at = :now,
    next_attempt_at = :next_attempt_at, waits_for = :waits_for, planned = 0, failed_before = 0,
    superseded = 0,
    title = iif(:title = '', title, :title)
WHERE job_id = :job_id AND video_id = :video_id AND state IN ('new', 'queued');

-- name: fetched_since
-- A video that several jobs requested at the same time was fetched once.
SELECT count(*) AS videos, coalesce(sum(size), 0) AS bytes FROM (
    SELECT max(file_size) AS size FROM job_videos
    WHERE finished_at >= :since AND video_downloaded = 1 GROUP BY video_id
);

-- name: counted_of_job
-- The queued and fetched videos of a job.
SELECT count(*) AS videos, coalesce(sum(file_size), 0) AS bytes FROM job_videos
WHERE job_id = :job_id AND (state = 'queued' OR state = 'success' AND video_downloaded);

-- name: counted_of_list
-- The queued videos of all jobs of a list, and the fetched ones since a time.
SELECT count(*) AS videos, coalesce(sum(size), 0) AS bytes FROM (
    SELECT v.file_size AS size FROM job_videos AS v JOIN jobs AS j ON j.id = v.job_id
    WHERE v.finished_at >= :since AND v.video_downloaded = 1
      AND coalesce(j.list_id, j.playlist_id, j.id) = :list
    UNION ALL
    SELECT 0 FROM jobs AS j JOIN job_videos AS v ON v.job_id = j.id
    WHERE j.status IN ('PENDING', 'RUNNING') AND v.state = 'queued'
      AND coalesce(j.list_id, j.playlist_id, j.id) = :list
);

-- name: held_back
-- The job, if it has ended and limits of its rules held videos back.
SELECT * FROM jobs
WHERE id = :job_id AND status IN ('COMPLETED', 'FAILED') AND EXISTS (
    SELECT 1 FROM job_videos
    WHERE reason = 'filtered' AND job_id = :job_id AND state = 'skipped'
      AND rule IN ('max_videos', 'max_videos_per_day', 'max_bytes', 'max_bytes_per_day')
);

-- name: supersede_older
-- Other jobs of the same list failed at a video before: from now on this job's result counts.
UPDATE job_videos SET superseded = 1, waits_for = NULL
WHERE video_id = :video_id AND state IN ('failed', 'unavailable') AND superseded = 0
  AND job_id <> :job_id
  AND EXISTS (
    SELECT 1 FROM jobs AS mine JOIN jobs AS old ON old.id = job_videos.job_id
    WHERE mine.id = :job_id AND old.type = mine.type
      AND coalesce(old.list_id, old.playlist_id) = coalesce(mine.list_id, mine.playlist_id)
  );

-- name: postpone_video
UPDATE job_videos SET
    attempts = :attempts, next_attempt_at = :next_attempt_at, message = :message,
    error_code = :error_code, reason = :reason, errors = :errors
WHERE job_id = :job_id AND video_id = :video_id AND state = 'queued';

-- name: video_errors
SELECT errors FROM job_videos WHERE job_id = :job_id AND video_id = :video_id;

-- name: cancel_open_videos
UPDATE job_videos SET
    state = 'cancelled', message = 'cancelled', reason = 'cancelled', finished_at = :now
WHERE job_id = :job_id AND state IN ('new', 'queued');

-- name: cancelled_while_waiting
-- Videos with earlier attempts that no other job requests.
SELECT video_id FROM job_videos
WHERE job_id = :job_id AND state = 'cancelled' AND next_attempt_at > 0
  AND video_id NOT IN (
      SELECT video_id FROM job_videos WHERE state = 'new'
      UNION ALL
      SELECT video_id FROM job_videos WHERE state = 'queued'
  )
LIMIT 10000;

-- name: requeue_videos
-- For a retry: all unsuccessful videos start again.
UPDATE job_videos SET
    state = 'new', asked = 2, attempts = 0, next_attempt_at = 0, message = '', error_code = NULL,
    reason = NULL, waits_for = NULL, finished_at = NULL
WHERE job_id = :job_id AND state IN ('failed', 'unavailable', 'cancelled');

-- Retries by cause --------------------------------------------------------------------------------

-- name: retryable_videos
-- Unsuccessful videos by job and reason, of one job or all, for one reason or all. Cancelled jobs are
-- excluded unless the job, or its reason, is named. Videos that only wait for a time are counted if
-- their reason is named.
SELECT v.job_id, v.reason, count(*) AS videos
FROM job_videos v JOIN jobs j ON j.id = v.job_id
WHERE v.reason >= coalesce(:reason, '') AND v.reason <= coalesce(:reason, '~')
  AND (v.superseded = 0 OR :job_id IS NOT NULL)
  AND (:job_id IS NULL OR v.job_id = :job_id)
  AND (
    v.state IN ('failed', 'unavailable')
    OR (v.state = 'cancelled' AND (:job_id IS NOT NULL OR :reason = 'cancelled'))
    OR (v.state = 'queued' AND v.next_attempt_at > :now AND :reason IS NOT NULL)
  )
  AND (j.status <> 'CANCELLED' OR :job_id IS NOT NULL OR :reason = 'cancelled')
GROUP BY v.job_id, v.reason
ORDER BY v.job_id;

-- name: requeue_reason
-- The videos counted by `retryable_videos` in one job are queued again, or end their wait.
UPDATE job_videos SET
    state = iif(state = 'queued', state, 'new'), attempts = iif(state = 'queued', attempts, 0),
    asked = 2, next_attempt_at = 0, message = '', error_code = NULL, reason = NULL,
    waits_for = NULL, finished_at = NULL
WHERE job_id = :job_id AND reason = :reason AND (
    state IN ('failed', 'unavailable', 'cancelled')
    OR (state = 'queued' AND next_attempt_at > :now AND :also_waiting)
);

-- name: end_waits
-- Ends the waits for one reason.
UPDATE job_videos SET next_attempt_at = 0
WHERE reason = :reason AND state = 'queued' AND next_attempt_at > :now
RETURNING job_id;

-- name: parked_videos
-- Videos parked for another state of a condition than the present one (`cookies 1a2b…`), ordered by
-- job. Cancelled jobs are excluded.
SELECT v.job_id, v.video_id
FROM job_videos v JOIN jobs j ON j.id = v.job_id
WHERE v.waits_for >= :condition || ' ' AND v.waits_for < :condition || '!'
  AND v.waits_for <> :present AND v.state IN ('failed', 'unavailable') AND j.status <> 'CANCELLED'
ORDER BY v.job_id;

-- name: unavailable_in_jobs
SELECT v.job_id, v.video_id
FROM job_videos v JOIN jobs j ON j.id = v.job_id
WHERE v.video_id = :video_id AND v.state IN ('failed', 'unavailable') AND v.superseded = 0
  AND v.state = 'unavailable' AND j.status <> 'CANCELLED'
ORDER BY v.job_id;

-- name: released_videos
-- Upcoming and live videos that are due now.
SELECT v.job_id, v.video_id
FROM job_videos v JOIN jobs j ON j.id = v.job_id
WHERE v.reason IN ('upcoming', 'live') AND v.state = 'unavailable' AND v.superseded = 0
  AND v.next_attempt_at <= :now AND j.status <> 'CANCELLED'
ORDER BY v.job_id;

-- name: requeue_video
-- An automatic retry: the request still names the video if it did before.
UPDATE job_videos SET
    state = 'new', asked = max(asked, 1), attempts = 0, next_attempt_at = 0, message = '', error_code = NULL,
    reason = NULL, waits_for = NULL, finished_at = NULL
WHERE job_id = :job_id AND video_id = :video_id
  AND state IN ('failed', 'unavailable', 'cancelled');

-- name: queue_planned
-- A video of a work plan is requested again; if the job does not have it, it is added at the end. Its
-- history makes it leave the plan once it is stored.
INSERT INTO job_videos (job_id, video_id, position, state, title, errors, asked)
VALUES (
    :job_id, :video_id,
    (SELECT coalesce(max(position), -1) + 1 FROM job_videos WHERE job_id = :job_id),
    'new', :title, :errors, 2
)
ON CONFLICT (job_id, video_id) DO UPDATE SET
    state = iif(state = 'queued', state, 'new'), attempts = iif(state = 'queued', attempts, 0),
    asked = 2, next_attempt_at = 0, message = '', error_code = NULL, reason = NULL,
    waits_for = NULL, finished_at = NULL, errors = iif(errors = '[]', excluded.errors, errors);

-- name: report_again
-- New evidence about an unavailable video: its entries in work plans are written again.
UPDATE job_videos SET planned = 0
WHERE video_id = :video_id AND state IN ('failed', 'unavailable') AND superseded = 0
  AND state = 'unavailable';

-- Removing old jobs -------------------------------------------------------------------------------

-- name: old_failures
-- Missing videos of jobs that ended long ago.
SELECT v.video_id
FROM job_videos AS v CROSS JOIN jobs AS j ON j.id = v.job_id
WHERE v.state IN ('failed', 'unavailable') AND v.superseded = 0 AND v.video_id > :after
  AND j.status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND j.updated_at < :before
  AND j.type <> 'METADATA_ONLY'
ORDER BY v.video_id
LIMIT :limit;

-- name: supersede_stored
UPDATE job_videos SET superseded = 1, waits_for = NULL
WHERE video_id = :video_id AND state IN ('failed', 'unavailable') AND superseded = 0
  AND job_id IN (
    SELECT id FROM jobs
    WHERE id = job_videos.job_id AND type <> 'METADATA_ONLY'
      AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
  );

-- name: old_jobs
-- Jobs that ended long ago, without waiting or missing videos.
SELECT id FROM jobs
WHERE id > :after AND +status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND updated_at < :before
  AND (failed + unavailable = 0 OR NOT EXISTS (
    SELECT 1 FROM job_videos AS v
    WHERE v.job_id = jobs.id AND v.state IN ('failed', 'unavailable') AND v.superseded = 0
  ))
ORDER BY id
LIMIT :limit;

-- name: remove_job_videos
DELETE FROM job_videos
WHERE job_id = :id
  AND (SELECT status FROM jobs WHERE id = :id) IN ('COMPLETED', 'FAILED', 'CANCELLED')
  AND video_id IN (SELECT video_id FROM job_videos WHERE job_id = :id LIMIT :limit);

-- name: remove_job
DELETE FROM jobs
WHERE id = :id AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
  AND NOT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :id);

-- The wall clock ----------------------------------------------------------------------------------

-- name: shift_waits
-- The clock was set by :drift: relative waits keep their length. The time of a premiere is absolute.
UPDATE job_videos SET next_attempt_at = max(next_attempt_at + :drift, 1)
WHERE job_id IN (SELECT id FROM jobs WHERE status IN ('PENDING', 'RUNNING'))
  AND state = 'queued' AND next_attempt_at > :before
  AND coalesce(reason, '') NOT IN ('upcoming', 'quota_exceeded');

-- name: bound_waits
-- Limit each wait to the longest that its reason allows, because the clock may have been wrong.
UPDATE job_videos SET next_attempt_at = min(next_attempt_at, :now + CASE
    WHEN reason IN ('upcoming', 'quota_exceeded') THEN :longest
    WHEN reason = 'live' THEN :live
    ELSE max(:least, min(:retry_max, :retry_base * (1 << min(attempts, 20))))
  END)
WHERE job_id IN (SELECT id FROM jobs WHERE status IN ('PENDING', 'RUNNING'))
  AND state = 'queued' AND next_attempt_at > :now;

-- Work plans --------------------------------------------------------------------------------------

-- name: unplanned_videos
-- With the evidence of the ledger.
SELECT v.*, a.state AS availability, a.next_check_at, a.last_available, a.last_seen, a.evidence
FROM job_videos v LEFT JOIN availability a ON a.video_id = v.video_id
WHERE v.job_id = :job_id AND v.planned = 0 AND v.state IN ('failed', 'unavailable')
ORDER BY v.position LIMIT :limit;

-- name: unreported_jobs
SELECT DISTINCT job_id FROM job_videos WHERE planned = 0 AND state IN ('failed', 'unavailable');

-- name: recovered_videos
-- Videos stored by a retry after a failure: they leave the work plan.
SELECT video_id FROM job_videos
WHERE job_id = :job_id AND planned = 0 AND state IN ('success', 'skipped') AND errors <> '[]';

-- name: mark_planned
-- Unless the result has changed meanwhile and must be reported to Storage again.
UPDATE job_videos SET planned = 1, failed_before = :failed_before
WHERE job_id = :job_id AND video_id = :video_id AND state = :state
  AND (SELECT next_check_at FROM availability WHERE video_id = :video_id) IS :next_check_at;

-- name: mark_recovered
UPDATE job_videos SET planned = 1
WHERE job_id = :job_id AND video_id = :video_id AND state IN ('success', 'skipped');

-- Lists -------------------------------------------------------------------------------------------

-- name: get_list
SELECT * FROM lists WHERE list_id = :list_id;

-- name: count_list_videos
-- The number of ids in the JSON array `:ids` that are recorded for a list.
SELECT count(*) AS videos
FROM json_each(:ids) AS wanted
JOIN list_videos AS v ON v.list_id = :list_id AND v.video_id = wanted.value;

-- name: recorded_videos
-- Those ids of the JSON array `:ids` that are recorded for a list.
SELECT v.video_id, v.precedes
FROM json_each(:ids) AS wanted
JOIN list_videos AS v ON v.list_id = :list_id AND v.video_id = wanted.value;

-- name: jobs_that_list
SELECT id FROM jobs
WHERE status IN ('PENDING', 'RUNNING') AND listing = 1 AND type = 'PLAYLIST_DOWNLOAD'
    AND coalesce(list_id, playlist_id) = :list_id
ORDER BY id;

-- name: follow_list
-- Changes nothing if the preceding entries were recorded for this time already.
INSERT INTO lists (list_id, entries, listed_at, followed_since)
VALUES (:list_id, :entries, :now, :since)
ON CONFLICT (list_id) DO UPDATE SET followed_since = excluded.followed_since
WHERE followed_since IS NOT excluded.followed_since;

-- name: add_preceding_videos
INSERT INTO list_videos (list_id, video_id, precedes)
SELECT :list_id, value, 1 FROM json_each(:ids) WHERE true
ON CONFLICT (list_id, video_id) DO UPDATE SET precedes = 1;

-- name: list_videos_after
SELECT v.video_id FROM list_videos AS v
WHERE v.list_id = :list_id AND v.video_id > :after
ORDER BY v.video_id
LIMIT :limit;

-- name: complete_list
INSERT INTO lists (list_id, entries, listed_at) VALUES (:list_id, :entries, :now)
ON CONFLICT (list_id) DO UPDATE SET
    entries = excluded.entries, listed_at = excluded.listed_at, shrunk_at = NULL;

-- name: remove_list_videos
-- Recorded videos that a complete listing of a job did not find.
DELETE FROM list_videos
WHERE list_id = :list_id AND NOT EXISTS (
    SELECT 1 FROM job_videos AS j
    WHERE j.job_id = :job_id AND j.video_id = list_videos.video_id
)
RETURNING video_id;

-- name: add_list_videos
-- The job's own videos precede those of its list.
INSERT INTO list_videos (list_id, video_id)
SELECT :list_id, video_id FROM job_videos WHERE job_id = :job_id AND position >= :first
ON CONFLICT (list_id, video_id) DO NOTHING;

-- name: extend_list
UPDATE lists SET entries = entries + :added WHERE list_id = :list_id;

-- name: count_known
UPDATE jobs SET known = (
    SELECT count(*) FROM list_videos AS v
    WHERE v.list_id = :list_id AND NOT EXISTS (
        SELECT 1 FROM job_videos AS j WHERE j.job_id = :job_id AND j.video_id = v.video_id
    )
)
WHERE id = :job_id;

-- name: known_entries
SELECT known FROM jobs WHERE id = :job_id;

-- name: mark_list_shrunk
UPDATE lists SET shrunk_at = :now WHERE list_id = :list_id;

-- Origins -----------------------------------------------------------------------------------------

-- name: record_origin
-- Media that a job of a subscription fetched: of a video without media, or instead of such media.
INSERT INTO origins (video_id, stored_at)
SELECT :video_id, :stored_at
WHERE EXISTS (SELECT 1 FROM jobs WHERE id = :job_id AND subscription_id IS NOT NULL)
  AND (:replaces IS NULL OR EXISTS (
    SELECT 1 FROM origins WHERE video_id = :video_id AND stored_at = :replaces
  ))
ON CONFLICT (video_id) DO UPDATE SET stored_at = excluded.stored_at;

-- name: forget_origins
UPDATE origins SET stored_at = NULL;

-- name: request_video
INSERT INTO origins (video_id, requested_by) VALUES (:video_id, '')
ON CONFLICT (video_id) DO UPDATE SET requested_by = '';

-- name: request_list
-- The recorded entries that a user's job did not list again.
INSERT INTO origins (video_id, requested_by)
SELECT video_id, '' FROM list_videos WHERE list_id = :list_id
ON CONFLICT (video_id) DO UPDATE SET requested_by = '';

-- name: held_videos
-- All videos that a list has or had, with all their lists.
SELECT found.video_id, o.stored_at, o.requested_by IS NOT NULL AS is_requested, (
    SELECT json_group_array(list_id) FROM (
        SELECT list_id FROM list_videos WHERE video_id = found.video_id
        UNION SELECT list_id FROM former_list_videos WHERE video_id = found.video_id
    )
) AS list_ids
FROM (
    SELECT video_id FROM list_videos WHERE list_id = :list_id AND video_id > :after
    UNION SELECT video_id FROM former_list_videos WHERE list_id = :list_id AND video_id > :after
    ORDER BY video_id LIMIT :limit
) AS found
LEFT JOIN origins AS o ON o.video_id = found.video_id;

-- name: requested_among
SELECT o.video_id FROM json_each(:ids) AS wanted
JOIN origins AS o ON o.video_id = wanted.value WHERE o.requested_by IS NOT NULL;

-- Quality rechecks --------------------------------------------------------------------------------

-- name: known_rechecks
SELECT q.video_id FROM json_each(:video_ids) AS asked
JOIN quality_rechecks AS q ON q.video_id = asked.value;

-- name: add_recheck
INSERT INTO quality_rechecks (video_id, stored_at, next_at)
VALUES (:video_id, :stored_at, :next_at)
ON CONFLICT (video_id) DO NOTHING;

-- name: due_rechecks
SELECT video_id, stored_at FROM quality_rechecks WHERE next_at <= :now ORDER BY next_at LIMIT :limit;

-- name: set_recheck
UPDATE quality_rechecks SET next_at = :next_at WHERE video_id = :video_id;

-- name: forget_rechecks
DELETE FROM quality_rechecks WHERE stored_at < :before;

-- Registry ----------------------------------------------------------------------------------------

-- name: upsert_service
INSERT INTO services (service_name, url, port, health_endpoint, last_health_check, is_healthy)
VALUES (:service_name, :url, :port, :health_endpoint, :last_health_check, :is_healthy)
ON CONFLICT (service_name) DO UPDATE SET
    url = excluded.url, port = excluded.port, health_endpoint = excluded.health_endpoint,
    last_health_check = excluded.last_health_check, is_healthy = excluded.is_healthy;

-- name: list_services
SELECT * FROM services ORDER BY service_name;

-- name: remove_service
DELETE FROM services WHERE service_name = :service_name;

-- Governor ----------------------------------------------------------------------------------------

-- name: get_governor
SELECT * FROM governor WHERE egress = :egress;

-- name: save_governor
INSERT INTO governor (
    egress, state, reason, message, opened_at, next_probe_at, times_in_a_row, tokens, counted_at,
    paused_at, paused_until, pause_reason
) VALUES (
    :egress, :state, :reason, :message, :opened_at, :next_probe_at, :times_in_a_row, :tokens,
    :counted_at, :paused_at, :paused_until, :pause_reason
)
ON CONFLICT (egress) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, message = excluded.message,
    opened_at = excluded.opened_at, next_probe_at = excluded.next_probe_at,
    times_in_a_row = excluded.times_in_a_row, tokens = excluded.tokens,
    counted_at = excluded.counted_at, paused_at = excluded.paused_at,
    paused_until = excluded.paused_until, pause_reason = excluded.pause_reason;

-- Availability ------------------------------------------------------------------------------------

-- name: get_availability
SELECT * FROM availability WHERE video_id = :video_id;

-- name: is_missing
-- Whether a video was recorded as unavailable.
SELECT 1 FROM availability WHERE video_id = :video_id AND state <> 'available';

-- name: list_availability
SELECT * FROM availability
WHERE video_id > coalesce(:cursor, '') AND reason IS coalesce(:reason, reason)
ORDER BY video_id
LIMIT :limit;

-- name: list_availability_of_state
SELECT * FROM availability
WHERE state = :state AND video_id > coalesce(:cursor, '') AND reason IS coalesce(:reason, reason)
ORDER BY video_id
LIMIT :limit;

-- name: availability_of
SELECT * FROM availability WHERE video_id IN (SELECT value FROM json_each(:ids));

-- name: next_start
-- The first time after `:now` at which one of some announced videos starts.
SELECT min(a.next_check_at) AS start
FROM json_each(:ids) AS asked JOIN availability AS a ON a.video_id = asked.value
WHERE a.reason = 'upcoming' AND a.next_check_at > :now;

-- name: due_availability
-- Upcoming and live videos are queued again in their jobs, without an earlier request.
SELECT * FROM availability
WHERE next_check_at <= :now AND coalesce(reason, '') NOT IN ('upcoming', 'live')
ORDER BY next_check_at LIMIT :limit;

-- name: restore_availability
-- The ledger's evidence is newer than the history.
INSERT INTO availability (
    video_id, state, reason, evidence, source, first_seen, last_seen, confirmations,
    last_available, next_check_at, waits_for
) VALUES (
    :video_id, :state, :reason, :evidence, :source, :first_seen, :last_seen, :confirmations,
    :last_available, :next_check_at, :waits_for
)
ON CONFLICT (video_id) DO NOTHING;

-- name: save_availability
INSERT INTO availability (
    video_id, state, reason, evidence, source, first_seen, last_seen, confirmations,
    last_available, next_check_at, waits_for
) VALUES (
    :video_id, :state, :reason, :evidence, :source, :first_seen, :last_seen, :confirmations,
    :last_available, :next_check_at, :waits_for
)
ON CONFLICT (video_id) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, evidence = excluded.evidence,
    source = excluded.source, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
    confirmations = excluded.confirmations, last_available = excluded.last_available,
    next_check_at = excluded.next_check_at, waits_for = excluded.waits_for;

-- name: check_later
UPDATE availability SET next_check_at = :next_check_at WHERE video_id = :video_id;
