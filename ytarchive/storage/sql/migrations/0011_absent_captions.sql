CREATE TABLE absent_captions (
    video_id TEXT NOT NULL REFERENCES videos (video_id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    checks INTEGER NOT NULL,
    next_check_at INTEGER NOT NULL,
    PRIMARY KEY (video_id, language)
) STRICT, WITHOUT ROWID;
