-- When another copy takes the place of a damaged one, its quality may be another one, too.

ALTER TABLE findings ADD COLUMN quality TEXT;

UPDATE findings SET quality = (
    SELECT quality FROM videos WHERE videos.video_id = findings.video_id
);
