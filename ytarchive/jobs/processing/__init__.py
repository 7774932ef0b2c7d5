"""The processing of a video by the services, and its progress."""
