"""The results of videos with unusual descriptions by YouTube, through the command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.harness import environment
from tests.standin import StandInProcess

ORIGINAL = {"displayName": "German original", "id": "de.4", "audioIsDefault": False}
DUB = {"displayName": "English", "id": "en.3", "audioIsDefault": True}
SOUNDS = [{"itag": 140, "audioTrack": DUB}, {"itag": 140, "audioTrack": ORIGINAL}]
SHORT = {"lengthSeconds": "60"}


def ytarchive(settings: dict[str, str], *arguments: str) -> Any:
    """What a command prints with `--json`."""
    command = [sys.executable, "-m", "ytarchive", *arguments, "--json"]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_job_reports_sound_label_and_length_and_stores_each_in_one_transfer(
    tmp_path: Path, youtube: StandInProcess
) -> None:
    settings = environment(tmp_path / "archive", youtube, server__port=9)
    wide = {"itag": 134, "width": 1920, "height": 804, "qualityLabel": "1080p60"}
    lasting = [{"itag": itag, "approxDurationMs": "4000"} for itag in (134, 140)]
    made = [
        {"title": "dubbed", "formats": [{"itag": 134}, *SOUNDS]},
        {"title": "wide", "formats": [wide, {"itag": 140}]},
        {"title": "short", "formats": lasting, "details": SHORT, "microformat": SHORT},
    ]
    ids = [youtube.ask("/videos", each)["id"] for each in made]
    job = ytarchive(settings, "download", *ids)
    found = {each["video_id"]: each for each in job["results"]}
    dubbed, broad, short = (found[each] for each in ids)
    assert dubbed["audio_language"] == "de"
    assert "original sound: German (de)" in dubbed["message"]
    assert broad["quality"] == "1080p"
    assert "not available" not in broad["message"]
    assert "plays 4 seconds; YouTube announces 60" in short["message"]
    assert {each["status"] for each in job["results"]} == {"success"}
    assert youtube.counters()["kinds"]["watch"] == len(ids)

    shown = ytarchive(settings, "formats", ids[0])
    assert shown["audio_languages"] == ["de", "en"]
    again = ytarchive(settings, "download", ids[0], "--force", "--audio-language", "en")
    assert again["results"][0]["audio_language"] == "en"
