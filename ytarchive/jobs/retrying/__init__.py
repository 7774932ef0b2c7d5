"""Retries: by users, in bulk, and automatically when a condition has changed."""
