-- logs.db: the log entries of the services. Times are microseconds since 1970, UTC.

PRAGMA user_version = 100;

-- Trace ids by short numbers, so that the large table and its index do not contain their text.
CREATE TABLE traces (
    trace_key INTEGER PRIMARY KEY,
    trace_id TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each entry, in the order of arrival, which retention follows.
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL, -- time of the event, as the service reports it; the order of lists
    received INTEGER NOT NULL, -- time of arrival
    service TEXT NOT NULL,
    level INTEGER NOT NULL, -- 10 debug, 20 info, 30 warning, 40 error, 50 critical
    message TEXT NOT NULL,
    folded TEXT, -- the case-folded message, if it differs from SQLite's lower()
    context TEXT, -- a JSON object; null when empty
    trace_key INTEGER -- of `traces`
) STRICT;
CREATE INDEX entries_by_time ON entries (time);
CREATE INDEX entries_by_service ON entries (service, time);
CREATE INDEX entries_by_trace ON entries (trace_key, time) WHERE trace_key IS NOT NULL;
CREATE INDEX entries_by_severity ON entries (time) WHERE level >= 30;
