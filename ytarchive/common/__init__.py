"""Code shared by all services. Imports no service."""
