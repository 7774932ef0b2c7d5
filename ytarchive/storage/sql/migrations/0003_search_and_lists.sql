-- What searching and listing need: a feed of changes, which videos have captions, an index for each
-- order and filter of the list.

ALTER TABLE videos ADD COLUMN captions INTEGER NOT NULL DEFAULT 0;

UPDATE videos SET captions = (
    SELECT count(*) FROM files WHERE files.video_id = videos.video_id AND role = 'captions'
);

DROP INDEX videos_by_upload_date;
DROP INDEX videos_by_duration;
DROP INDEX videos_by_channel;
CREATE INDEX videos_by_upload_date ON videos (ifnull(upload_date, 0)) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_duration ON videos (ifnull(duration, 0)) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_size ON videos (size_bytes) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_channel ON videos (channel_title COLLATE NOCASE)
WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_channel_id ON videos (channel_id) WHERE media_path IS NOT NULL;
CREATE INDEX videos_by_captions ON videos (captions > 0) WHERE media_path IS NOT NULL;

CREATE TABLE changes (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    video INTEGER NOT NULL UNIQUE
) STRICT;

INSERT INTO changes (video) SELECT number FROM videos ORDER BY number;

CREATE TABLE identity (library_id TEXT NOT NULL) STRICT;

INSERT INTO identity (library_id) VALUES (lower(hex(randomblob(16))));

CREATE TRIGGER change_by_insert AFTER INSERT ON videos BEGIN
    INSERT INTO changes (video) VALUES (NEW.number);
END;

CREATE TRIGGER change_by_update AFTER UPDATE OF metadata_at, stored_at, media_path, captions
ON videos BEGIN
    DELETE FROM changes WHERE video = NEW.number;
    INSERT INTO changes (video) VALUES (NEW.number);
END;

CREATE TRIGGER captions_added AFTER INSERT ON files WHEN NEW.role = 'captions' BEGIN
    UPDATE videos SET captions = captions + 1 WHERE video_id = NEW.video_id;
END;

CREATE TRIGGER captions_removed AFTER DELETE ON files WHEN OLD.role = 'captions' BEGIN
    UPDATE videos SET captions = captions - 1 WHERE video_id = OLD.video_id;
END;
