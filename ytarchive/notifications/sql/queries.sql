-- name: observed
SELECT state FROM observed WHERE name = :name

-- name: observe
INSERT INTO observed (name, state) VALUES (:name, :state)
ON CONFLICT (name) DO UPDATE SET state = excluded.state

-- name: add_notification
INSERT INTO notifications (kind, title, body, created_at)
VALUES (:kind, :title, :body, :now)
RETURNING id

-- name: add_delivery
INSERT INTO deliveries (notification_id, target, name, next_at)
VALUES (:notification_id, :target, :name, :now)

-- name: due_deliveries
SELECT
    deliveries.notification_id, deliveries.target, deliveries.attempts,
    notifications.kind, notifications.title, notifications.body, notifications.created_at
FROM deliveries INDEXED BY deliveries_due
JOIN notifications ON notifications.id = deliveries.notification_id
WHERE deliveries.next_at <= :now
ORDER BY deliveries.next_at
LIMIT 500

-- name: end_delivery
UPDATE deliveries
SET attempts = attempts + 1, next_at = :next_at, delivered_at = :delivered_at, error = :error
WHERE notification_id = :notification_id AND target = :target

-- name: notification_page
SELECT id, kind, title, body, created_at FROM notifications
WHERE id < :before
ORDER BY id DESC
LIMIT :limit

-- name: deliveries_of
SELECT notification_id, name, attempts, next_at, delivered_at, error FROM deliveries
WHERE notification_id IN (SELECT value FROM json_each(:ids))
ORDER BY notification_id, name

-- name: pending_deliveries
SELECT target, error FROM deliveries INDEXED BY deliveries_due
WHERE next_at IS NOT NULL
ORDER BY notification_id

-- name: last_delivery
SELECT max(delivered_at) AS delivered_at FROM deliveries WHERE target = :target

-- name: remove_old_notifications
DELETE FROM notifications WHERE created_at < :before
