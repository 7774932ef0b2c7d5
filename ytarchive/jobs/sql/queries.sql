-- Jobs ------------------------------------------------------------------------------------------

-- name: insert_job
INSERT INTO jobs (
    id, type, status, created_at, updated_at, playlist_id, options, priority, trace_id, listing,
    own_videos
) VALUES (
    :id, :type, 'PENDING', :now, :now, :playlist_id, :options, :priority, :trace_id, :listing,
    :own_videos
);

-- name: get_job
SELECT * FROM jobs WHERE id = :id;

-- name: list_jobs
-- Newest first: ids are sortable by time. The empty cursor is the first page.
SELECT * FROM jobs
WHERE (:status IS NULL OR status = :status)
  AND (:type IS NULL OR type = :type)
  AND (:cursor IS NULL OR id < :cursor)
ORDER BY id DESC
LIMIT :limit;

-- name: active_jobs
SELECT * FROM jobs WHERE status IN ('PENDING', 'RUNNING') ORDER BY id;

-- name: count_jobs_by_status
SELECT status, count(*) AS jobs FROM jobs GROUP BY status;

-- name: count_waiting_videos
SELECT coalesce(sum(total - success - skipped - failed - unavailable - cancelled), 0) AS videos
FROM jobs WHERE status IN ('PENDING', 'RUNNING');

-- name: set_status
-- A cancelled job stays cancelled, whatever its last video reports.
UPDATE jobs SET status = :status, error = :error, updated_at = :now
WHERE id = :id AND status IN ('PENDING', 'RUNNING');

-- name: reopen_job
UPDATE jobs SET status = 'PENDING', error = NULL, listing = :listing, updated_at = :now
WHERE id = :id AND status IN ('COMPLETED', 'FAILED', 'CANCELLED');

-- name: touch_job
UPDATE jobs SET updated_at = :now WHERE id = :id;

-- name: set_title
UPDATE jobs SET title = :title, updated_at = :now WHERE id = :id;

-- name: listing_finished
UPDATE jobs SET listing = 0, updated_at = :now WHERE id = :id;

-- name: set_work_plan
UPDATE jobs SET work_plan_id = :work_plan_id WHERE id = :id;

-- Videos of jobs ----------------------------------------------------------------------------------

-- name: add_video
-- A playlist may hold a video twice, and be listed twice after a crash: one row all the same.
INSERT INTO job_videos (job_id, video_id, position, state, title)
VALUES (:job_id, :video_id, :position, 'new', :title)
ON CONFLICT (job_id, video_id) DO NOTHING;

-- name: job_video_ids
SELECT video_id FROM job_videos WHERE job_id = :job_id ORDER BY position;

-- name: job_results
-- The videos that have a result, in the job's order.
SELECT * FROM job_videos
WHERE job_id = :job_id AND state NOT IN ('new', 'queued')
ORDER BY position;

-- name: new_videos
SELECT video_id FROM job_videos
WHERE job_id = :job_id AND state = 'new'
ORDER BY next_attempt_at, position
LIMIT :limit;

-- name: due_videos
-- What may start now; the first attempts in order, retries when their time has come.
SELECT video_id, attempts, title FROM job_videos
WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at <= :now
ORDER BY next_attempt_at, position
LIMIT :limit;

-- name: count_queued
SELECT count(*) AS videos FROM job_videos WHERE job_id = :job_id AND state = 'queued';

-- name: next_due
-- What was due by then has been seen already.
SELECT min(next_attempt_at) AS due FROM job_videos
WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at > :now;

-- name: next_waiting
-- The first video that waits for its time, and how many do.
SELECT video_id, message, min(next_attempt_at) AS due, count(*) AS videos FROM job_videos
WHERE job_id = :job_id AND state = 'queued' AND next_attempt_at > :now;

-- name: has_open_videos
SELECT EXISTS (SELECT 1 FROM job_videos WHERE job_id = :job_id AND state = 'new')
    OR EXISTS (SELECT 1 FROM job_videos WHERE job_id = :job_id AND state = 'queued') AS open;

-- name: video_state
SELECT state FROM job_videos WHERE job_id = :job_id AND video_id = :video_id;

-- name: queue_video
UPDATE job_videos SET state = 'queued'
WHERE job_id = :job_id AND video_id = :video_id AND state = 'new';

-- name: set_result
-- Only a waiting video gets a result: one that was cancelled meanwhile stays cancelled.
UPDATE job_videos SET
    state = :state, message = :message, error_code = :error_code, reason = :reason,
    attempts = :attempts, errors = :errors, metadata_saved = :metadata_saved,
    video_downloaded = :video_downloaded, file_size = :file_size,
    duration_seconds = :duration_seconds, quality = :quality, finished_at = :now,
    planned = 0, title = iif(:title = '', title, :title)
WHERE job_id = :job_id AND video_id = :video_id AND state IN ('new', 'queued');

-- name: postpone_video
UPDATE job_videos SET
    attempts = :attempts, next_attempt_at = :next_attempt_at, message = :message,
    error_code = :error_code, reason = :reason, errors = :errors
WHERE job_id = :job_id AND video_id = :video_id AND state = 'queued';

-- name: video_errors
SELECT errors FROM job_videos WHERE job_id = :job_id AND video_id = :video_id;

-- name: cancel_open_videos
UPDATE job_videos SET state = 'cancelled', message = 'cancelled', finished_at = :now
WHERE job_id = :job_id AND state IN ('new', 'queued');

-- name: requeue_videos
-- For a retry: everything that did not succeed starts afresh.
UPDATE job_videos SET
    state = 'new', attempts = 0, next_attempt_at = 0, message = '', error_code = NULL,
    reason = NULL, finished_at = NULL
WHERE job_id = :job_id AND state IN ('failed', 'unavailable', 'cancelled');

-- name: unplanned_videos
SELECT * FROM job_videos
WHERE job_id = :job_id AND planned = 0 AND state IN ('failed', 'unavailable')
ORDER BY position LIMIT :limit;

-- name: unreported_jobs
SELECT DISTINCT job_id FROM job_videos WHERE planned = 0 AND state IN ('failed', 'unavailable');

-- name: recovered_videos
-- Stored by a retry after having failed before: they leave the work plan.
SELECT video_id FROM job_videos
WHERE job_id = :job_id AND planned = 0 AND state IN ('success', 'skipped') AND errors <> '[]';

-- name: mark_planned
UPDATE job_videos SET planned = 1 WHERE job_id = :job_id AND video_id = :video_id;

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
SELECT * FROM governor WHERE id = 1;

-- name: save_governor
INSERT INTO governor (
    id, state, reason, message, opened_at, next_probe_at, times_in_a_row, tokens, counted_at
) VALUES (
    1, :state, :reason, :message, :opened_at, :next_probe_at, :times_in_a_row, :tokens, :counted_at
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, message = excluded.message,
    opened_at = excluded.opened_at, next_probe_at = excluded.next_probe_at,
    times_in_a_row = excluded.times_in_a_row, tokens = excluded.tokens,
    counted_at = excluded.counted_at;

-- Availability ------------------------------------------------------------------------------------

-- name: get_availability
SELECT * FROM availability WHERE video_id = :video_id;

-- name: list_availability
SELECT * FROM availability
WHERE (:state IS NULL OR state = :state)
  AND (:reason IS NULL OR reason = :reason)
  AND (:cursor IS NULL OR video_id > :cursor)
ORDER BY video_id
LIMIT :limit;

-- name: due_availability
SELECT * FROM availability WHERE next_check_at <= :now ORDER BY next_check_at LIMIT :limit;

-- name: save_availability
INSERT INTO availability (
    video_id, state, reason, evidence, source, first_seen, last_seen, confirmations,
    last_available, next_check_at
) VALUES (
    :video_id, :state, :reason, :evidence, :source, :first_seen, :last_seen, :confirmations,
    :last_available, :next_check_at
)
ON CONFLICT (video_id) DO UPDATE SET
    state = excluded.state, reason = excluded.reason, evidence = excluded.evidence,
    source = excluded.source, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
    confirmations = excluded.confirmations, last_available = excluded.last_available,
    next_check_at = excluded.next_check_at;

-- name: check_later
UPDATE availability SET next_check_at = :next_check_at WHERE video_id = :video_id;
