"""Put this folder on PYTHONPATH, and the port of a `Connection` into a file."""
