"""The history of videos: `metadata/history/<id>.jsonl`."""
