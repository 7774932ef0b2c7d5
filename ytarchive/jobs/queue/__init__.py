"""The durable queue: its models, rows and order, and what follows from a failure."""
