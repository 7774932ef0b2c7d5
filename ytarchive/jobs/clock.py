"""Where the time comes from: the system, or a test that cannot wait a month."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""The present moment in UTC."""
