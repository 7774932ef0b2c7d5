ALTER TABLE job_videos ADD COLUMN waits_for TEXT;

UPDATE job_videos SET reason = 'cancelled' WHERE state = 'cancelled';
UPDATE job_videos SET reason = 'unknown'
WHERE state IN ('failed', 'unavailable') AND coalesce(reason, '') = '';

CREATE INDEX job_videos_by_reason ON job_videos (reason, job_id) WHERE reason IS NOT NULL;

CREATE INDEX job_videos_parked ON job_videos (waits_for) WHERE waits_for IS NOT NULL;

CREATE INDEX job_videos_unavailable ON job_videos (video_id) WHERE state = 'unavailable';
