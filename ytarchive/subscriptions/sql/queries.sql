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

-- name: get_subscription
SELECT * FROM subscriptions WHERE id = :id;

-- name: due_subscriptions
SELECT * FROM subscriptions
WHERE state = 'active' AND next_check_at <= :now
ORDER BY next_check_at
LIMIT :limit;

-- name: next_due
SELECT next_check_at FROM subscriptions WHERE state = 'active' ORDER BY next_check_at LIMIT 1;

-- name: active_subscriptions
SELECT * FROM subscriptions WHERE state = 'active';

-- name: record_check
-- Changes nothing if the subscription was edited during the check: then the check is repeated.
UPDATE subscriptions SET
    title = :title, is_begun = :is_begun, must_list = :must_list, problem = :problem,
    problem_message = :problem_message, failures = :failures, next_check_at = :next_check_at,
    next_check_reason = :next_check_reason, last_check = :last_check, confirmed_at = :confirmed_at,
    upload_times = :upload_times, pages = :pages, last_job = :last_job
WHERE id = :id AND options = :options AND schedule = :schedule AND first = :first;

-- name: add_spent
INSERT INTO spent (day, requests, units) VALUES (:day, :requests, :units)
ON CONFLICT (day) DO UPDATE SET
    requests = requests + excluded.requests, units = units + excluded.units;

-- name: remove_spent_before
DELETE FROM spent WHERE day < :day;

-- name: get_spent
SELECT requests, units FROM spent WHERE day = :day;
