"""`doctor`: its checks and their verdicts."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.config import StorageConfig, load_settings
from ytarchive.common.errors import TokenRequired
from ytarchive.common.models import HealthCheck
from ytarchive.maintenance.checks import (
    check_cookies,
    check_disk,
    check_key,
    check_network,
    check_token_server,
    check_tools,
)
from ytarchive.maintenance.models import Check, Diagnosis, Verdict
from ytarchive.offline import OfflineMaintenance, check_archive, diagnose
from ytarchive.ytdlp import Tool, ToolReport


def tools(age: int = 10, max_age: float = 60, **changed: Tool) -> list[Check]:
    found = {
        "yt_dlp": Tool(name="yt-dlp", path="/lib/yt_dlp", version="2026.11.01"),
        "ffmpeg": Tool(name="ffmpeg", path="/usr/bin/ffmpeg", version="7.1"),
        "javascript": Tool(name="deno", path="/usr/bin/deno", version="2.9.8"),
    } | changed
    return check_tools(ToolReport(yt_dlp_age_days=age, **found), max_age)


def test_available_tools_are_shown_with_version_and_path() -> None:
    assert [check.verdict for check in tools()] == [Verdict.OK] * 3
    assert tools()[0].message == "2026.11.01 (/lib/yt_dlp), 10 days old"


@pytest.mark.parametrize(("age", "verdict"), [(60, Verdict.OK), (61, Verdict.WARN)])
def test_an_old_yt_dlp_is_a_warning(age: int, verdict: Verdict) -> None:
    check = tools(age)[0]
    assert check.verdict is verdict
    assert bool(check.remedy) is (verdict is Verdict.WARN)
    assert tools(age, max_age=30)[0].verdict is Verdict.WARN


def test_a_missing_tool_fails_with_a_remedy() -> None:
    check = tools(ffmpeg=Tool(name="ffmpeg"))[1]
    assert (check.name, check.verdict, check.message) == ("ffmpeg", Verdict.FAIL, "not found")
    assert check.remedy


def test_a_tool_that_does_not_answer_is_a_warning() -> None:
    assert tools(javascript=Tool(name="deno", path="/bin/deno"))[2].verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("key", "verdict"),
    [("", Verdict.OK), ("AIza" + "x" * 35, Verdict.OK), ("my-key", Verdict.WARN)],
)
def test_a_key_is_checked_by_its_form_and_never_shown(
    key: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOUTUBE_API_KEY", key)
    check = check_key(load_settings())
    assert check.verdict is verdict
    assert not key or key not in check.message


HEAD = "# Netscape HTTP Cookie File\n"
SIGNED_IN = "LOGIN_INFO\tx\n", "SAPISID\tx\n"


def jar(tmp_path: Path, *cookies: str, ends: int = 4102444800, head: str = HEAD) -> Path:
    path = tmp_path / "cookies.txt"
    lines = [f".youtube.com\tTRUE\t/\tTRUE\t{ends}\t{cookie}" for cookie in cookies]
    path.write_text(head + "".join(lines))
    path.chmod(0o600)
    return path


def test_cookies_of_a_signed_in_account_are_fine(tmp_path: Path) -> None:
    assert check_cookies(None).verdict is Verdict.OK
    check = check_cookies(jar(tmp_path, *SIGNED_IN))
    assert (check.verdict, check.message) == (Verdict.OK, "signed in, valid until 2100-01-01")
    assert check_cookies(jar(tmp_path, *SIGNED_IN, ends=0)).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ("", "has only expired cookies for youtube.com"),
        (".youtube.com\tTRUE\t/\tTRUE\t4102444800\tPREF\tx\n", "expired at 2020-09-13"),
    ],
)
def test_cookies_that_have_expired_fail_with_a_remedy(
    tmp_path: Path, others: str, message: str
) -> None:
    path = jar(tmp_path, *SIGNED_IN, ends=1_600_000_000, head=HEAD + others)
    check = check_cookies(path)
    assert (check.verdict, check.message) == (Verdict.FAIL, f"{path} {message}")
    assert "Export" in (check.remedy or "")


@pytest.mark.parametrize("cookies", [["PREF\tx\n"], ["LOGIN_INFO\tx\n"]])
def test_cookies_without_an_account_are_a_warning(tmp_path: Path, cookies: list[str]) -> None:
    check = check_cookies(jar(tmp_path, *cookies))
    assert (check.verdict, "signed in" in check.message) == (Verdict.WARN, True)


@pytest.mark.parametrize("head", ["", "[]", "<html>", "# Netscape HTTP Cookie File\nbroken\n"])
def test_an_invalid_cookies_file_fails(tmp_path: Path, head: str) -> None:
    check = check_cookies(jar(tmp_path, head=head))
    assert check.verdict is Verdict.FAIL
    assert "Netscape" in check.message + (check.remedy or "")


def test_a_missing_cookies_file_fails(tmp_path: Path) -> None:
    check = check_cookies(tmp_path / "none.txt")
    assert (check.verdict, "cannot be read" in check.message) == (Verdict.FAIL, True)


def test_cookies_that_others_can_read_are_a_warning(tmp_path: Path) -> None:
    path = jar(tmp_path, *SIGNED_IN)
    path.chmod(0o644)
    check = check_cookies(path)
    assert (check.verdict, check.remedy) == (Verdict.WARN, f"chmod 600 {path}")


async def test_an_unreachable_token_server_fails() -> None:
    assert not await check_token_server(load_settings())
    [check] = await check_token_server(
        load_settings(youtube={"pot_provider_url": "http://[::1]:1"})
    )
    assert (check.verdict, check.name) == (Verdict.FAIL, "PO tokens")
    assert "object at" not in check.message


def test_the_disk_of_a_missing_folder_is_checked(tmp_path: Path) -> None:
    check = check_disk(StorageConfig(base_path=tmp_path / "new" / "archive", min_free=0))
    assert str(tmp_path / "new" / "archive") in check.message
    assert check.verdict is Verdict.OK


@pytest.mark.parametrize(
    ("free", "verdict"), [(0.9, Verdict.FAIL), (1.9, Verdict.WARN), (2.1, Verdict.OK)]
)
def test_too_little_space_for_the_queue_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, verdict: Verdict
) -> None:
    disk = SimpleNamespace(total=100 * 2**30, free=int(free * 2**30))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    check = check_disk(StorageConfig(base_path=tmp_path, min_free=2**30))
    assert check.verdict is verdict
    assert (check.remedy is None) == (verdict is Verdict.OK)


def test_a_file_in_the_way_of_the_archive_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert (
        check_disk(StorageConfig(base_path=tmp_path / "file" / "archive")).verdict is Verdict.FAIL
    )


async def test_healthy_services_pass(archive: Peers) -> None:
    server, database, staging = await check_archive(load_settings())
    assert {server.verdict, database.verdict, staging.verdict} == {Verdict.OK}
    assert "none is running" in server.message
    assert staging.message == (
        "2 in use, 1 unused with 5.4 GB, the oldest from 2026-01-02; "
        "unused ones are removed after 1 days or beyond 1.1 TB"
    )


async def test_an_unhealthy_service_fails_and_is_named(
    archive: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ill() -> HealthCheck:
        return HealthCheck(
            service="storage", status="unhealthy", version="1", uptime_seconds=1,
            checks={"database": False, "writable": True},
        )  # fmt: skip

    monkeypatch.setattr(archive.storage, "health", ill)
    _, database, _ = await check_archive(load_settings())
    assert database.verdict is Verdict.FAIL
    assert database.message == "storage: database"


async def test_an_unreachable_proxy_is_reported_without_python_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "http://127.0.0.1:1")
    check = await check_network(load_settings())
    assert check.verdict is Verdict.FAIL
    assert "object at" not in check.message


async def test_a_server_that_refuses_the_token_fails_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise TokenRequired("the server refuses the token")

    monkeypatch.setattr("ytarchive.offline.find_server", refused)
    checks = (await diagnose(load_settings(), [], None)).checks
    [check] = [each for each in checks if each.name == "server"]
    assert check.verdict is Verdict.FAIL
    assert check.remedy is not None
    assert "YTARCHIVE_SERVER__TOKEN" in check.remedy


async def test_a_network_without_connection_fails_and_names_the_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YTARCHIVE_NETWORK__PROXY", "http://127.0.0.1:9")
    check = await check_network(load_settings())
    assert check.verdict is Verdict.FAIL
    assert check.message.startswith("YouTube does not answer through the proxy: ")
    assert check.remedy is not None
    assert "network.proxy" in check.remedy


@pytest.mark.parametrize(
    ("status", "verdict"), [(204, Verdict.OK), (200, Verdict.WARN), (404, Verdict.WARN)]
)
async def test_an_answer_of_another_server_is_not_accepted_as_youtubes(
    monkeypatch: pytest.MonkeyPatch, status: int, verdict: Verdict
) -> None:
    async def answered(_: object) -> int:
        return status

    monkeypatch.setattr("ytarchive.maintenance.checks._ask_youtube", answered)
    check = await check_network(load_settings())
    assert check.verdict is verdict
    assert bool(check.remedy) is (verdict is Verdict.WARN)


@pytest.mark.parametrize(("verdict", "code"), [("warn", 0), ("fail", 1)])
def test_the_exit_code_is_1_if_something_fails(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, verdict: str, code: int
) -> None:
    async def found(_: object) -> Diagnosis:
        check = Check(name="ffmpeg", verdict=Verdict(verdict), message="gone", remedy="install it")
        return Diagnosis.of([check])

    monkeypatch.setattr(OfflineMaintenance, "diagnose", found)
    ran = cli("doctor")
    assert ran.code == code
    assert "install it" in ran.out
    diagnosis = cli("doctor", "--json").json
    assert diagnosis["ok"] is (code == 0)
    assert diagnosis["checks"][0]["verdict"] == verdict
