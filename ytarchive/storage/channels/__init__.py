"""Channels: their metadata, avatar and banner in `metadata/channels/<id>/`."""
