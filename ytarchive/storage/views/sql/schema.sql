-- views.db: the files that views have created. Backups do not include it: without it, a
-- synchronisation recognises links and unchanged copies by the stored files.

PRAGMA user_version = 110;

CREATE TABLE views (
    name TEXT PRIMARY KEY,
    declaration TEXT NOT NULL,        -- ViewDeclaration as JSON; another one starts from revision 0
    library_id TEXT NOT NULL,         -- and the folder of its archive
    revision INTEGER NOT NULL,        -- the last change of the library that the view shows
    channels INTEGER NOT NULL DEFAULT 0, -- the last change whose channel the view describes
    lists INTEGER NOT NULL DEFAULT 0, -- when the newest playlist that the view shows was stored
    method TEXT,                      -- reflink, hardlink, symlink, copy
    synced_at INTEGER,                -- when all folders were last read
    problem TEXT                      -- why the last update failed
) STRICT, WITHOUT ROWID;

-- Rows are written before their files. A row without `inode` may have no file.
CREATE TABLE entries (
    view TEXT NOT NULL,
    folder TEXT NOT NULL,             -- relative to the view
    name TEXT NOT NULL,
    fold TEXT NOT NULL,               -- the path as systems compare it that ignore case
    owner TEXT NOT NULL,              -- the video, channel or playlist
    source TEXT,                      -- key of the stored file; null for generated content
    digest TEXT NOT NULL,
    inode INTEGER,
    size INTEGER,
    modified INTEGER,                 -- nanoseconds since 1970
    PRIMARY KEY (view, folder, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX entries_by_owner ON entries (view, owner);
CREATE UNIQUE INDEX entries_by_fold ON entries (view, fold);

-- Folders that the view has created, recorded before. Only these are removed when they are empty.
CREATE TABLE created_folders (
    view TEXT NOT NULL,
    folder TEXT NOT NULL,             -- relative to the view; empty for the view's own folder
    PRIMARY KEY (view, folder)
) STRICT, WITHOUT ROWID;

-- The names of the folders of channels and playlists. A name stays until the title changes.
CREATE TABLE folders (
    view TEXT NOT NULL,
    key TEXT NOT NULL,                -- id of the channel or playlist
    title TEXT NOT NULL,
    name TEXT NOT NULL,
    fold TEXT NOT NULL,
    PRIMARY KEY (view, key),
    UNIQUE (view, fold)
) STRICT, WITHOUT ROWID;
