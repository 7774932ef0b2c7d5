CREATE INDEX jobs_by_type ON jobs (type, id);

-- Jobs by status, kept by the triggers below: counting a million of them takes too long.
CREATE TABLE job_counts (
    status TEXT PRIMARY KEY,
    jobs INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO job_counts (status, jobs) SELECT status, count(*) FROM jobs GROUP BY status;

CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts (status, jobs) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER jobs_moved AFTER UPDATE OF status ON jobs WHEN NEW.status <> OLD.status BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = OLD.status;
    INSERT INTO job_counts (status, jobs) VALUES (NEW.status, 1)
    ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;
