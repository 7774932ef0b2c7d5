-- name: add_subscription
INSERT INTO subscriptions (
    id, list_id, source, title, options, schedule, first, newest, state, created_at, is_begun,
    must_list, next_check_at, next_check_reason
) VALUES (
    :id, :list_id, :source, :title, :options, :schedule, :first, :newest, :state, :created_at,
    :is_begun, :must_list, :next_check_at, :next_check_reason
)
ON CONFLICT (list_id) DO NOTHING;

-- name: subscription_of_list
SELECT * FROM subscriptions WHERE list_id = :list_id;

-- name: subscriptions_of_source
SELECT * FROM subscriptions WHERE source = :source;

-- name: subscriptions_from_id
SELECT * FROM subscriptions WHERE id >= :start AND id < :end LIMIT 2;

-- name: list_subscriptions
SELECT * FROM subscriptions
WHERE id > :after
    AND (:state IS NULL OR state = :state)
    AND (NOT :with_problem OR problem IS NOT NULL)
ORDER BY id
LIMIT :limit;

-- name: edit_subscription
UPDATE subscriptions SET
    options = :options, schedule = :schedule, first = :first, newest = :newest, state = :state,
    must_list = :must_list, is_begun = :is_begun, next_check_at = :next_check_at,
    next_check_reason = :next_check_reason
WHERE id = :id;

-- name: remove_subscription
DELETE FROM subscriptions WHERE id = :id;
