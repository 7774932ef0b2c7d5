"""The stream of events of all services."""
