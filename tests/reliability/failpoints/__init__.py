"""Put this folder on PYTHONPATH and name a point in FAILPOINT, or orders in DISK_FAULTS."""
