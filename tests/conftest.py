"""What holds for every test run."""

import atexit
import os
import shutil
import tempfile


def pytest_configure() -> None:
    """Give the run a state folder of its own: archives of tests are not recorded as the user's."""
    folder = tempfile.mkdtemp(prefix="ytarchive-state-")
    os.environ["XDG_STATE_HOME"] = folder
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
