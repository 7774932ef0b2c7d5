"""Failures of YouTube and the network, through the real yt-dlp."""

from pathlib import Path

import pytest
from loguru import logger

from tests.integration.ytdlp.helpers import Archive, ignore
from tests.standin import Fault, VideoState
from tests.standin.scenarios import states
from ytarchive.common import errors

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAILURES: dict[str, type[errors.YTArchiveError]] = {
    "private": errors.PrivateVideo,
    "deleted": errors.DeletedVideo,
    "account_terminated": errors.DeletedVideo,
    "account_closed": errors.DeletedVideo,
    "copyright_claim": errors.DeletedVideo,
    "guidelines": errors.DeletedVideo,
    "terms": errors.DeletedVideo,
    "members_only": errors.MembersOnly,
    "members_level": errors.MembersOnly,
    "age_gated": errors.AgeRestricted,
    "geo_blocked": errors.RegionBlocked,
    "copyright_country": errors.RegionBlocked,
    "paid": errors.PaymentRequired,
    "premium": errors.PaymentRequired,
    "upcoming": errors.UpcomingVideo,
    "upcoming_live": errors.UpcomingVideo,
    "live": errors.LiveVideo,
    "post_live": errors.LiveVideo,
    "processing": errors.LiveVideo,
    "no_recording": errors.RecordingUnavailable,
    "drm": errors.DrmProtected,
    "unavailable": errors.VideoUnavailable,
    "not_available": errors.VideoUnavailable,
    "rate_limited": errors.RateLimited,
    "rate_limited_plain": errors.RateLimited,
    "bot_check": errors.BotCheck,
    "captcha": errors.BotCheck,
    "ip_blocked": errors.IpBlocked,
    "no_formats": errors.NoFormats,
    "trailer": errors.WrongVideo,
    "reload": errors.ExtractorBroken,
    "not_on_app": errors.ExtractorBroken,
    "old_client": errors.ExtractorBroken,
    "content_warning": errors.AgeRestricted,
    "unheard_of": errors.UnknownFailure,
}


async def test_every_state_of_a_video_has_its_error(archive: Archive) -> None:
    catalogue = archive.youtube.catalogue
    ids = states(catalogue)
    assert FAILURES.keys() == {state.value for state in VideoState} - {"ok"}
    found = {state: await failure_of(archive, ids[state]) for state in FAILURES}
    assert {state: type(error) for state, error in found.items()} == FAILURES
    for error in found.values():
        assert "ERROR" not in error.message
        assert "--" not in error.message
    assert "T" in found["upcoming"].details["retry_after"]
    assert len(archive.workers) == 1  # none of them costs a worker


async def test_the_error_screen_of_2026_changes_no_cause(archive: Archive) -> None:
    catalogue = archive.youtube.catalogue
    ids = states(catalogue)
    for state in FAILURES:
        catalogue.change_video(ids[state], interstitial=True)
    found = {state: await failure_of(archive, ids[state]) for state in FAILURES}
    assert {state: type(error) for state, error in found.items()} == FAILURES


async def failure_of(archive: Archive, video_id: str) -> errors.YTArchiveError:
    with pytest.raises(errors.YTArchiveError) as raised:
        await archive.ytdlp.download(archive.order(video_id), ignore, ignore)
    return raised.value


async def test_network_failures_have_their_errors(archive: Archive) -> None:
    video = archive.youtube.catalogue.add_video()
    archive.youtube.behaviour.faults.append(Fault(kind="player", status=429))
    with pytest.raises(errors.RateLimited):
        await archive.ytdlp.extract(video.id)
    archive.youtube.behaviour.faults[:] = [Fault(kind="player", status=503)]
    with pytest.raises(errors.NetworkFailure):
        await archive.ytdlp.extract(video.id)


async def test_an_unreachable_proxy_is_a_network_failure(archive: Archive) -> None:
    async with archive.other({"proxy": "http://127.0.0.1:9"}) as ytdlp:
        with pytest.raises(errors.NetworkFailure):
            await ytdlp.extract("aaaaaaaaaaa")


async def test_without_a_network_only_the_error_is_reported(archive: Archive) -> None:
    lines: list[str] = []
    number = logger.add(lines.append, level="INFO", format="{message}")
    try:
        async with archive.other({"proxy": "http://127.0.0.1:9"}) as ytdlp:
            with pytest.raises(errors.NetworkFailure) as raised:
                await ytdlp.download(archive.order("aaaaaaaaaaa"), ignore, ignore)
    finally:
        logger.remove(number)
    assert "refused" in raised.value.message
    assert not [line for line in lines if "loaded" not in line]


async def test_an_untrusted_certificate_is_a_network_failure(archive: Archive) -> None:
    async with archive.other({"ca_file": None}) as ytdlp:
        with pytest.raises(errors.NetworkFailure, match=r"(?i)certificate"):
            await ytdlp.extract("aaaaaaaaaaa")


async def test_bad_cookies_are_named(archive: Archive, tmp_path: Path) -> None:
    jar = tmp_path / "cookies.txt"
    jar.write_text("<html>not cookies</html>")
    for cookies in (jar, tmp_path / "none.txt"):
        async with archive.other({"cookies_file": cookies}) as ytdlp:
            with pytest.raises(errors.CookiesInvalid):
                await ytdlp.extract("aaaaaaaaaaa")


async def test_an_invalid_ca_file_is_named(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    async with archive.other({"ca_file": tmp_path / "ca.pem"}) as ytdlp:
        with pytest.raises(errors.InvalidConfiguration, match=r"network\.ca_file"):
            await ytdlp.extract("aaaaaaaaaaa")
