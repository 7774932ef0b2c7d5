ALTER TABLE job_videos ADD COLUMN audio_language TEXT;
