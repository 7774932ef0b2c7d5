-- Asking which of many videos are stored needs no look at the rows.

CREATE INDEX videos_stored ON videos (video_id, media_path, missing)
WHERE media_path IS NOT NULL;
