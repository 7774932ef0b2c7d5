-- The metadata's files are registered with their digests, so that damage to them is found. Those that
-- were written before are when they are refreshed, or by `ytarchive rebuild`.

DROP TRIGGER files_added;
DROP TRIGGER files_changed;
DROP TRIGGER files_removed;

-- Metadata is counted by itself, and no part of what a video takes.
CREATE TRIGGER files_added AFTER INSERT ON files WHEN NEW.role <> 'metadata' BEGIN
    UPDATE totals SET files = files + 1, size_bytes = size_bytes + NEW.size_bytes;
    UPDATE videos SET size_bytes = size_bytes + NEW.size_bytes WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER files_changed AFTER UPDATE OF size_bytes ON files WHEN NEW.role <> 'metadata' BEGIN
    UPDATE totals SET size_bytes = size_bytes + NEW.size_bytes - OLD.size_bytes;
    UPDATE videos SET size_bytes = size_bytes + NEW.size_bytes - OLD.size_bytes
    WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER files_removed AFTER DELETE ON files WHEN OLD.role <> 'metadata' BEGIN
    UPDATE totals SET files = files - 1, size_bytes = size_bytes - OLD.size_bytes;
    UPDATE videos SET size_bytes = size_bytes - OLD.size_bytes WHERE video_id = OLD.video_id;
END;
