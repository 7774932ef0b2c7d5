"""Maintenance of an archive: rebuild, backup and restore, and checks of everything."""

from ytarchive.maintenance.api import BackupRequest, MaintenanceAPI
from ytarchive.maintenance.backups import Backup, Restored, back_up, restore
from ytarchive.maintenance.checks import check_services, check_settings, diagnose
from ytarchive.maintenance.models import Check, Diagnosis, Verdict, failed
from ytarchive.maintenance.upgrading import Upgraded, upgrade_yt_dlp
