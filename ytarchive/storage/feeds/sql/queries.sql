-- name: add_feed
INSERT INTO feeds (
    id, kind, source, title, items, base_url, key_hash, created_at, key_created_at
) VALUES (
    :id, :kind, :source, :title, :items, :base_url, :key_hash, :created_at, :key_created_at
);

-- name: get_feed
SELECT * FROM feeds WHERE id = :id;

-- name: feeds_from_id
SELECT * FROM feeds WHERE id >= :start AND id < :end LIMIT 2;

-- name: list_feeds
SELECT * FROM feeds WHERE id > :after ORDER BY id LIMIT :limit;

-- name: set_feed_key
UPDATE feeds SET
    key_hash = :key_hash, key_created_at = :key_created_at, base_url = :base_url
WHERE id = :id;

-- name: remove_feed
DELETE FROM feeds WHERE id = :id;
