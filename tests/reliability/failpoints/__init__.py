"""Put this folder on PYTHONPATH and name a point in FAILPOINT: see `sitecustomize.py`."""
