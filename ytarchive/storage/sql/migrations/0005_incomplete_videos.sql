-- What YouTube did not give of a stored video is kept with it, so that it is asked for again. Of videos
-- that were stored before nothing is known: they count as complete.

ALTER TABLE videos ADD COLUMN missing TEXT;
ALTER TABLE moves ADD COLUMN missing TEXT NOT NULL DEFAULT '[]';
ALTER TABLE moves ADD COLUMN adds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN incomplete INTEGER NOT NULL DEFAULT 0;

CREATE INDEX videos_incomplete ON videos (stored_at)
WHERE media_path IS NOT NULL AND missing IS NOT NULL;

DROP TRIGGER videos_added;
DROP TRIGGER videos_changed;

CREATE TRIGGER videos_added AFTER INSERT ON videos BEGIN
    UPDATE totals SET
        videos = videos + (NEW.media_path IS NOT NULL),
        incomplete = incomplete + (NEW.media_path IS NOT NULL AND NEW.missing IS NOT NULL),
        metadata = metadata + (NEW.metadata_at IS NOT NULL);
END;

CREATE TRIGGER videos_changed AFTER UPDATE OF media_path, missing, metadata_at ON videos BEGIN
    UPDATE totals SET
        videos = videos + (NEW.media_path IS NOT NULL) - (OLD.media_path IS NOT NULL),
        incomplete = incomplete
            + (NEW.media_path IS NOT NULL AND NEW.missing IS NOT NULL)
            - (OLD.media_path IS NOT NULL AND OLD.missing IS NOT NULL),
        metadata = metadata + (NEW.metadata_at IS NOT NULL) - (OLD.metadata_at IS NOT NULL);
END;
