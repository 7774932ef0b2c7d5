-- Work plans of lists are found without a look at every job.

CREATE INDEX jobs_of_lists_with_plans ON jobs (work_plan_id, playlist_id, list_id, type)
WHERE work_plan_id NOTNULL AND playlist_id NOTNULL;
