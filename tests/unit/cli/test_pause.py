"""`ytarchive pause`, `ytarchive resume`, and the pause in the output of `jobs`."""

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.models import utc_now


def test_pause_and_resume_reach_the_governor(cli: Cli, archive: Peers) -> None:
    paused, resumed = cli("pause"), cli("resume")
    assert (paused.code, resumed.code) == (0, 0)
    assert archive.jobs.governor.calls == ["pause", "resume"]
    assert "until `ytarchive resume`" in paused.out
    assert "Work resumes" in resumed.out
    assert cli("pause", "--json").json["state"] == "closed"


def test_resume_during_a_block_reports_the_probe(cli: Cli, archive: Peers) -> None:
    update = {"state": "open", "reason": "bot_check", "message": "YouTube asks for a proof"}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    assert "tests whether this is over: YouTube asks for a proof" in cli("resume").out


def test_jobs_show_a_pause_by_hand(cli: Cli, archive: Peers) -> None:
    update = {"paused_at": utc_now()}
    archive.jobs.governor.state = archive.jobs.governor.state.model_copy(update=update)
    assert "`ytarchive resume` ends the pause" in cli("jobs").out


def test_a_retry_that_ends_a_pause_reports_it_without_failures(cli: Cli, archive: Peers) -> None:
    update = {"videos": 0, "reasons": {}, "jobs": [], "resumed": True}
    archive.jobs.report = archive.jobs.report.model_copy(update=update)
    ran = cli("jobs", "retry", "--reason", "bot_check")
    assert ran.code == 0
    assert "The pause is ended" in ran.out
    counted = cli("jobs", "retry", "--reason", "bot_check", "--dry-run")
    assert "The pause would be ended" in counted.out
    assert "The pause is ended" not in counted.out
