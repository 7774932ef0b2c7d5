"""Checks of the installation, the settings, the network and the disk."""

from ytarchive.doctor.checks import diagnose
from ytarchive.doctor.models import Check, Diagnosis, Verdict
