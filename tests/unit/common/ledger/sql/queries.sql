-- name: insert_entry
INSERT INTO entries (name, amount) VALUES (:name, :amount);

-- name: find_entry
SELECT name, amount FROM entries WHERE name = :name;

-- name: count_entries
SELECT count(*) AS entries, coalesce(sum(amount), 0) AS total FROM entries;

-- name: all_entries
SELECT name, amount FROM entries ORDER BY name;
