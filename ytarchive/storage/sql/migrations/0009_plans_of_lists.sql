-- A list has one lasting work plan, whatever the number of jobs. Plans made before stay as they are.

ALTER TABLE work_plans ADD COLUMN playlist_id TEXT;
ALTER TABLE work_plans ADD COLUMN metadata_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE work_plan_entries ADD COLUMN added_at INTEGER NOT NULL DEFAULT 0;

CREATE UNIQUE INDEX work_plans_of_lists ON work_plans (playlist_id, metadata_only)
WHERE playlist_id IS NOT NULL;

CREATE INDEX work_plan_entries_by_video ON work_plan_entries (video_id);
