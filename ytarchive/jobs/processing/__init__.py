"""The way of one video through the services, and its progress."""
