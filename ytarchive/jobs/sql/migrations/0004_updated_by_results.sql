DROP TRIGGER job_videos_changed;

CREATE TRIGGER job_videos_changed AFTER UPDATE OF state ON job_videos
WHEN NEW.state <> OLD.state BEGIN
    UPDATE jobs SET
        success = success + (NEW.state = 'success') - (OLD.state = 'success'),
        skipped = skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped'),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        unavailable = unavailable + (NEW.state = 'unavailable') - (OLD.state = 'unavailable'),
        cancelled = cancelled + (NEW.state = 'cancelled') - (OLD.state = 'cancelled'),
        stored_bytes = stored_bytes
            + iif(NEW.state = 'success', NEW.file_size, 0)
            - iif(OLD.state = 'success', OLD.file_size, 0),
        updated_at = max(updated_at, coalesce(NEW.finished_at, 0))
    WHERE id = NEW.job_id;
END;
