"""The schedule of the periodic duties of all services."""
