-- name: get_views
SELECT views.*, (SELECT count(*) FROM entries WHERE entries.view = views.name) AS entries
FROM views;

-- name: begin_view
-- A view that was declared differently, or belongs to another library, is compared from the start.
INSERT INTO views (name, declaration, library_id, revision)
VALUES (:name, :declaration, :library_id, 0)
ON CONFLICT (name) DO UPDATE SET
    revision = iif(
        declaration = excluded.declaration AND library_id = excluded.library_id
        AND revision <= :newest,
        revision, 0
    ),
    declaration = excluded.declaration,
    library_id = excluded.library_id;

-- name: get_view
SELECT * FROM views WHERE name = :name;

-- name: set_state
UPDATE views SET revision = :revision, lists = :lists, channels = :channels, problem = NULL
WHERE name = :name;

-- name: set_method
UPDATE views SET method = coalesce(:method, method) WHERE name = :name;

-- name: set_synced
UPDATE views SET synced_at = :now WHERE name = :name;

-- name: set_problem
UPDATE views SET problem = :problem WHERE name = :name;

-- name: forget_view
DELETE FROM views WHERE name = :name;

-- name: forget_entries
DELETE FROM entries WHERE view = :name;

-- name: forget_created
DELETE FROM created_folders WHERE view = :name;

-- name: forget_names
DELETE FROM folders WHERE view = :name;

-- name: entries_of
-- CROSS JOIN and INDEXED BY: SQLite would read all entries of the view for each value.
SELECT entries.* FROM json_each(:owners) AS asked
CROSS JOIN entries INDEXED BY entries_by_owner
ON entries.view = :view AND entries.owner = asked.value;

-- name: entries_in
SELECT entries.* FROM json_each(:folders) AS asked
CROSS JOIN entries ON entries.view = :view AND entries.folder = asked.value;

-- name: facts_in
-- As few columns as possible, since every row of a view is read: 100,000 videos have 300,000.
SELECT asked.key, name, inode, size, modified FROM json_each(:folders) AS asked
CROSS JOIN entries ON entries.view = :view AND entries.folder = asked.value;

-- name: not_made
UPDATE entries SET inode = NULL, size = NULL, modified = NULL
WHERE view = ?1 AND folder = ?2 AND name = ?3;

-- name: owners_after
SELECT DISTINCT owner FROM entries WHERE view = :view AND owner > :after ORDER BY owner LIMIT :limit;

-- name: folders_with_entries
SELECT DISTINCT folder FROM entries WHERE view = :view ORDER BY folder;

-- name: taken
SELECT entries.fold, entries.owner FROM json_each(:folds) AS asked
CROSS JOIN entries ON entries.view = :view AND entries.fold = asked.value;

-- name: spellings
-- A file in each folder: 0 follows / in the order of characters.
SELECT asked.value AS fold, (
    SELECT folder FROM entries
    WHERE view = :view AND entries.fold > asked.value || '/' AND entries.fold < asked.value || '0'
    LIMIT 1
) AS folder
FROM json_each(:folds) AS asked;

-- name: intend
-- A row that exists keeps the identity of its file until the file is replaced.
INSERT INTO entries (view, folder, name, fold, owner, source, digest)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (view, folder, name) DO NOTHING;

-- name: made
UPDATE entries SET owner = ?4, source = ?5, digest = ?6, inode = ?7, size = ?8, modified = ?9
WHERE view = ?1 AND folder = ?2 AND name = ?3;

-- name: forget
DELETE FROM entries WHERE view = ?1 AND folder = ?2 AND name = ?3;

-- name: intend_folder
INSERT INTO created_folders (view, folder) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: created_among
SELECT folder FROM json_each(:folders) AS asked
CROSS JOIN created_folders ON view = :view AND folder = asked.value;

-- name: forget_folder
DELETE FROM created_folders WHERE view = ?1 AND folder = ?2;

-- name: get_folders
SELECT key, title, name FROM folders WHERE view = :view;

-- name: free_folder
DELETE FROM folders WHERE view = ?1 AND key = ?2;

-- name: set_folder
INSERT OR REPLACE INTO folders (view, key, title, name, fold) VALUES (?1, ?2, ?3, ?4, ?5);
