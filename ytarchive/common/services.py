"""The five services: their names and the ports they have when each listens on its own."""

from enum import StrEnum


class ServiceName(StrEnum):
    """A service's name, as it stands in health checks, the registry, logs and settings."""

    JOBS = "jobs"
    METADATA = "metadata"
    DOWNLOAD = "download"
    STORAGE = "storage"
    LOGGING = "logging"

    @property
    def port_offset(self) -> int:
        """Distance from the first port with `--separate-ports` (jobs 0 … logging 4)."""
        return list(ServiceName).index(self)


API_PREFIX = "/api/v1"
