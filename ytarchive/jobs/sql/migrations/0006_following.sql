-- Following lists: what is known of a video lasts from job to job, and old jobs can be removed.

ALTER TABLE jobs ADD COLUMN list_id TEXT;
ALTER TABLE jobs ADD COLUMN failed_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_videos ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_videos ADD COLUMN failed_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_videos ADD COLUMN superseded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE availability ADD COLUMN waits_for TEXT;

-- Earlier versions kept the same failures in every job of a list: the newest job has them from now on.
UPDATE job_videos SET superseded = 1, waits_for = NULL
WHERE state IN ('failed', 'unavailable') AND EXISTS (
    SELECT 1
    FROM jobs AS old
    JOIN jobs AS newer ON newer.playlist_id = old.playlist_id AND newer.type = old.type
        AND newer.id > old.id
    JOIN job_videos AS v ON v.job_id = newer.id AND v.video_id = job_videos.video_id
    WHERE old.id = job_videos.job_id AND v.state NOT IN ('new', 'queued', 'cancelled')
);

DROP INDEX job_videos_unavailable;

CREATE INDEX job_videos_unsuccessful ON job_videos (video_id)
    WHERE state IN ('failed', 'unavailable') AND superseded = 0;

CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
END;

CREATE TRIGGER job_videos_failed_before AFTER UPDATE OF state, failed_before ON job_videos
WHEN NEW.failed_before <> OLD.failed_before OR (NEW.failed_before AND NEW.state <> OLD.state) BEGIN
    UPDATE jobs SET failed_before = failed_before
        + (NEW.failed_before AND NEW.state IN ('failed', 'unavailable'))
        - (OLD.failed_before AND OLD.state IN ('failed', 'unavailable'))
    WHERE id = NEW.job_id;
END;
