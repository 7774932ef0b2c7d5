"""`ytarchive upgrade-ytdlp` by the real pip, from a folder of wheels, into a folder of its own."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yt_dlp

from ytarchive.common.errors import ToolMissing, UpgradeFailed
from ytarchive.maintenance import upgrade_yt_dlp, upgrading

NEW = "2099.1.2"


def wheel(folder: Path, version: str, *, broken: bool = False) -> None:
    """Make a wheel of yt-dlp: the installed code, or code that cannot be used."""
    source = Path(yt_dlp.__file__).parent
    info = f"yt_dlp-{version}.dist-info"
    with zipfile.ZipFile(folder / f"yt_dlp-{version}-py3-none-any.whl", "w") as made:
        if broken:
            made.writestr("yt_dlp/__init__.py", "raise ImportError('no longer supported')\n")
        else:
            for path in source.rglob("*.py"):
                made.write(path, f"yt_dlp/{path.relative_to(source)}")
        made.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: yt-dlp\nVersion: {version}\nProvides-Extra: default\n",
        )
        made.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{info}/RECORD", "")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder into which pip installs, without the network."""
    target = tmp_path / "installed"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_COMPILE": "1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_TARGET": str(target),
    }.items():
        monkeypatch.setenv(name, value)
    return target


def versions(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("yt_dlp-*.dist-info")]


async def test_a_new_version_that_works_is_installed(installed: Path, tmp_path: Path) -> None:
    wheel(tmp_path, NEW)
    done = await upgrade_yt_dlp()
    assert (done.before, done.after) == (upgrading._version(), NEW)
    assert versions(installed) == [f"yt_dlp-{NEW}.dist-info"]


async def test_a_version_that_does_not_work_is_not_installed(
    installed: Path, tmp_path: Path
) -> None:
    wheel(tmp_path, NEW, broken=True)
    with pytest.raises(UpgradeFailed, match=rf"{NEW} does not work .*no longer supported"):
        await upgrade_yt_dlp()
    assert versions(installed) == []


async def test_an_older_version_is_never_chosen(installed: Path, tmp_path: Path) -> None:
    wheel(tmp_path, "2020.1.1", broken=True)
    with pytest.raises(UpgradeFailed, match="pip could not fetch or install yt-dlp"):
        await upgrade_yt_dlp()
    assert versions(installed) == []


async def test_without_pip_the_message_names_other_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "pip"
    blocked.mkdir()
    (blocked / "__init__.py").write_text("raise ImportError('no pip')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"has no pip.*uv tool upgrade"):
        await upgrade_yt_dlp()


def test_the_installed_version_passes_the_check() -> None:
    command = [sys.executable, "-m", "ytarchive.ytdlp.worker.smoke"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
