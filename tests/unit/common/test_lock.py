"""One process owns a service's state; the error of a second one names the owner and the remedy."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ytarchive.common.errors import NotWritable, StateLocked
from ytarchive.common.lock import StateLock, lock_file, lock_owner
from ytarchive.common.services import ServiceName

HOLD = """
import sys
from pathlib import Path
from ytarchive.common.lock import StateLock
from ytarchive.common.services import ServiceName
with StateLock(Path(sys.argv[1]), [ServiceName.JOBS, ServiceName.STORAGE]) as lock:
    if sys.argv[2]:
        lock.write_url(sys.argv[2])
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def start_holder(state: Path, url: str) -> "subprocess.Popen[str]":
    """Another process that holds the locks of jobs and storage."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(state), url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize(
    ("url", "reach"),
    [
        ("http://127.0.0.1:8000", "), which serves at http://127.0.0.1:8000"),
        ("", ")"),
    ],
)
def test_a_second_process_gets_the_owner_until_the_owner_is_killed(
    state: Path, url: str, reach: str
) -> None:
    with start_holder(state, url) as holder:
        with pytest.raises(StateLocked) as refused, StateLock(state, [ServiceName.JOBS]):
            pass
        assert f"process {holder.pid}" in refused.value.message
        assert refused.value.message.endswith(reach)
        assert "--wait" in refused.value.remedy
        assert lock_owner(lock_file(state, ServiceName.STORAGE))["pid"] == str(holder.pid)
        holder.kill()
        holder.wait()
        with StateLock(state, [ServiceName.JOBS]):
            assert lock_owner(lock_file(state, ServiceName.JOBS))["pid"] == str(os.getpid())


def test_services_of_one_archive_may_run_in_two_processes(state: Path) -> None:
    with start_holder(state, "") as holder:
        with StateLock(state, [ServiceName.DOWNLOAD, ServiceName.LOGGING]):
            pass
        with (
            pytest.raises(StateLocked),
            StateLock(state, [ServiceName.METADATA, ServiceName.STORAGE]),
        ):
            pass
        with StateLock(state, [ServiceName.METADATA]):
            pass  # which shows that the refused attempt left no lock
        holder.kill()


def test_a_state_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(NotWritable, match="cannot be written"),
        StateLock(tmp_path / "file" / "state", [ServiceName.JOBS]),
    ):
        pass


@pytest.mark.parametrize("content", ["", "no json", "[1]", "\x00"])
def test_an_unreadable_owner_is_unknown(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content)
    assert lock_owner(tmp_path / "lock") == {}
