"""What decides whether a video may start, and why it waits."""
