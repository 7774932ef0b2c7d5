"""The five services: their names, and their ports with `--separate-ports`."""

from enum import StrEnum


class ServiceName(StrEnum):
    """A service's name, as used in health checks, the registry, logs and settings."""

    JOBS = "jobs"
    METADATA = "metadata"
    DOWNLOAD = "download"
    STORAGE = "storage"
    LOGGING = "logging"

    @property
    def port_offset(self) -> int:
        """Return the offset from the first port with `--separate-ports` (jobs 0 … logging 4)."""
        return list(ServiceName).index(self)


API_PREFIX = "/api/v1"
