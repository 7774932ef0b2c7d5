"""Marks that users set on single videos: `metadata/marks/<id>.json`."""
