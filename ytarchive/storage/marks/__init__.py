"""What users decide of single videos: `metadata/marks/<id>.json`."""
