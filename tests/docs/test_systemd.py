"""The unit file for systemd starts an existing command, and gives the server time to stop."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT
from ytarchive.cli.root import root
from ytarchive.common.config import Settings

UNIT = ROOT / "docs/systemd/ytarchive.service"
SERVICE = configparser.ConfigParser(strict=False, interpolation=None)
SERVICE.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
SERVICE.read(UNIT)


def test_it_starts_the_server() -> None:
    program, command = SERVICE["Service"]["ExecStart"].split()
    assert Path(program).name == "ytarchive"
    assert command in root.commands


def test_it_names_settings_that_exist() -> None:
    name, _, value = SERVICE["Service"]["Environment"].partition("=")
    section, _, field = name.removeprefix("YTARCHIVE_").lower().partition("__")
    settings = Settings.model_validate({section: {field: value}})
    assert str(settings.storage.base_path) == f"/var/lib/{SERVICE['Service']['StateDirectory']}"


def test_the_server_is_stopped_before_its_workers_with_enough_time() -> None:
    """`mixed` sends SIGTERM to the server only, which ends within 15 s."""
    assert SERVICE["Service"]["KillMode"] == "mixed"
    assert int(SERVICE["Service"]["TimeoutStopSec"]) > 15


def test_the_archive_is_readable_by_its_owner_and_a_media_server() -> None:
    """Only the server may write; directories can be entered."""
    mask = int(SERVICE["Service"]["UMask"], 8)
    assert 0o666 & ~mask == 0o644
    assert 0o777 & ~mask == 0o755


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd's own checker")
def test_systemd_accepts_the_unit_file(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/ytarchive/bin/ytarchive", "/bin/true"))
    command = ["systemd-analyze", "verify", str(unit)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    # It also checks this machine's own units, which are ignored.
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
