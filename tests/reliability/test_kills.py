"""SIGKILL at any instant, of the server alone or with everything it started: nothing is lost."""

import signal
import sys
from collections import Counter
from pathlib import Path

from tests.harness import until
from tests.reliability.kills import Victim, draw, sent_again
from tests.reliability.report import record
from tests.reliability.scale import FULL, SEED, chance
from tests.standin import StandInProcess

ROUNDS = 200 if FULL else 15
ROUNDS_PER_ARCHIVE = 8
VIDEOS = 14
CUTS = 12 if FULL else 3
MEBIBYTE = 2**20


def test_nothing_is_lost_whenever_the_server_is_killed(
    slow_youtube: StandInProcess, tmp_path: Path
) -> None:
    """The invariants are in `kills.py`: `Victim.round` and `Victim.finish`."""
    random = chance("kills")
    playlist = slow_youtube.ids["playlist60"]["playlist"]
    videos: list[str] = slow_youtube.ask("/catalogue")["playlists"][playlist]
    kinds: Counter[str] = Counter()
    reached = again = sent = 0
    for first in range(0, ROUNDS, ROUNDS_PER_ARCHIVE):
        slow_youtube.reset()
        victim = Victim(tmp_path / f"archive{first}", slow_youtube, videos)
        with victim.server() as server:
            victim.submit(server, videos[:VIDEOS])
        for number in range(first, min(first + ROUNDS_PER_ARCHIVE, ROUNDS)):
            kill = draw(random, number)
            sys.stdout.write(f"round {number + 1}: {kill}\n")
            victim.round(kill, [videos[VIDEOS + number % ROUNDS_PER_ARCHIVE]])
            kinds[kill.point or "random instant"] += 1
        victim.finish()
        reached += victim.reached
        again, sent = again + victim.bytes_sent()[0], sent + victim.bytes_sent()[1]

    record("Kills", _summary(kinds, reached, again, sent))
    assert reached  # how many are reached within a round depends on the speed of the machine


def _summary(kinds: Counter[str], reached: int, again: int, sent: int) -> str:
    points = ROUNDS - kinds["random instant"]
    return f"""\
Seed {SEED}; {ROUNDS} rounds: {", ".join(f"{kind} {times}" for kind, times in kinds.items())}.

Named points that were reached: {reached} of {points}; otherwise the round ended a moment later.

Media bytes sent again after a kill: {again / MEBIBYTE:.1f} of {sent / MEBIBYTE:.0f} MiB; of stored
videos: 0. Every invariant held after every restart."""


def test_a_killed_transfer_is_resumed(tmp_path: Path) -> None:
    random = chance("cuts")
    options = ("--media-padding", str(40 * MEBIBYTE), "--bandwidth", str(25 * MEBIBYTE))
    with StandInProcess("--scenario", "demo", *options) as youtube:
        victim = Victim(tmp_path / "archive", youtube, [])
        cuts = sorted(random.uniform(0.02, 0.98) * 80 * MEBIBYTE for _ in range(CUTS))
        for number, cut in enumerate(cuts):
            server = victim.server()
            server.start()
            if not number:
                victim.submit(server, [youtube.ids["demo"]["video"]])
            until(lambda cut=cut: victim.bytes_sent()[1] > cut, "the moment to cut")  # type: ignore[misc]  # bound at once
            server.stop(signal.SIGKILL)
        victim.finish()

        repeated = [again for spans in victim.streams().values() for again in sent_again(spans)]
    record("Bytes fetched again after a cut", f"{sorted(repeated)} of 40 MiB each")
    assert len(repeated) > CUTS
    assert max(repeated) <= 4 * MEBIBYTE  # a tenth of the stream
