-- name: all_rules
SELECT * FROM rules;

-- name: set_rule
INSERT INTO rules (subscription_id, rule) VALUES (:subscription_id, :rule)
ON CONFLICT (subscription_id) DO UPDATE SET
    rule = excluded.rule, previewed_at = NULL, preview = NULL, counted_until = NULL,
    last_run_at = NULL, last_problem = NULL
WHERE rule <> excluded.rule;

-- name: remove_rule
DELETE FROM rules WHERE subscription_id = :subscription_id;

-- name: record_preview
UPDATE rules SET previewed_at = :now, preview = :preview
WHERE subscription_id = :subscription_id AND rule = :rule;

-- name: apply_rule
UPDATE rules SET counted_until = :now, last_run_at = NULL, last_problem = NULL
WHERE subscription_id = :subscription_id AND rule = :rule;

-- name: end_run
UPDATE rules SET counted_until = :counted_until, last_run_at = :now, last_problem = NULL
WHERE subscription_id = :subscription_id AND rule = :rule;

-- name: fail_run
UPDATE rules SET last_problem = :problem
WHERE subscription_id = :subscription_id AND rule = :rule;

-- name: add_removal
INSERT INTO removals (
    video_id, stored_at, title, subscription_id, subscription_title, limit_name, reason, size_bytes,
    removed_at
) VALUES (
    :video_id, :stored_at, :title, :subscription_id, :subscription_title, :limit_name, :reason,
    :size_bytes, :removed_at
)
ON CONFLICT (video_id, stored_at) DO UPDATE SET
    subscription_id = excluded.subscription_id, subscription_title = excluded.subscription_title,
    limit_name = excluded.limit_name, reason = excluded.reason, removed_at = excluded.removed_at;

-- name: withdraw_removal
DELETE FROM removals WHERE video_id = :video_id AND stored_at = :stored_at;

-- name: list_removals
SELECT * FROM removals WHERE id < :before ORDER BY id DESC LIMIT :limit;
