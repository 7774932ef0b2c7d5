"""The registry of common/telemetry as rows."""

from ytarchive.common.models import utc_now
from ytarchive.common.telemetry import REGISTRY
from ytarchive.logging.api import Metric


def current_metrics() -> list[Metric]:
    """Return the present value of every metric; a histogram gives its buckets, sum and count."""
    now = utc_now()
    return [
        Metric(name=sample.name, value=sample.value, tags=sample.labels, timestamp=now)
        for family in REGISTRY.collect()
        for sample in family.samples
    ]
