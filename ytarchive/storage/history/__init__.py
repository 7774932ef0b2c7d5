"""Older versions of what is known of videos: `metadata/history/<id>.jsonl`."""
