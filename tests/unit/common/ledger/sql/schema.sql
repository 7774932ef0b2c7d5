PRAGMA user_version = 100;

CREATE TABLE entries (
  name TEXT PRIMARY KEY,
  amount INTEGER NOT NULL CHECK (amount >= 0)
) STRICT;
