-- Which archive the library belongs to.

CREATE TABLE archive (
    id TEXT PRIMARY KEY,
    recorded_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
