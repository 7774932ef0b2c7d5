"""The durable queue: its models, rows and order, and the handling of failures."""
