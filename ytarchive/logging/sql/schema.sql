-- logs.db: what the services had to say. Times are microseconds since 1970, UTC.

PRAGMA user_version = 100;

-- Trace ids under short numbers: their random text stays out of the large table and its index.
CREATE TABLE traces (
    trace_key INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each entry, in the order of arrival, which retention follows.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, -- when it happened, as its service says; lists follow this
    received INTEGER NOT NULL, -- when it came here
    service TEXT NOT NULL,
    level INTEGER NOT NULL, -- 10 debug, 20 info, 30 warning, 40 error, 50 critical
    message TEXT NOT NULL,
    folded TEXT, -- the message case-folded, where that is more than SQLite's lower() does
    context TEXT, -- a JSON object; null when empty
    trace_key INTEGER -- of `traces`
) STRICT;
CREATE INDEX entries_by_time ON entries (time);
CREATE INDEX entries_by_service ON entries (service, time);
CREATE INDEX entries_by_trace ON entries (trace_key, time) WHERE trace_key IS NOT NULL;
CREATE INDEX entries_by_severity ON entries (time) WHERE level >= 30;
