"""The registry of services: addresses and health."""
