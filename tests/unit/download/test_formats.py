"""Which formats are shown as offered."""

from ytarchive.download.service import offered


def test_media_are_shown_and_storyboards_are_not() -> None:
    info = {
        "id": "dQw4w9WgXcQ",
        "title": "A film",
        "formats": [
            {"format_id": "sb0", "ext": "mhtml", "vcodec": "none", "acodec": "none"},
            {"format_id": "140", "ext": "m4a", "vcodec": "none", "acodec": "mp4a", "tbr": 128.5},
            {"format_id": "136", "ext": "mp4", "vcodec": "avc1", "acodec": "none",
             "width": 720, "height": 1280, "fps": 25, "filesize_approx": 99},
            {"format_id": "18", "ext": "mp4", "vcodec": "avc1", "acodec": "mp4a", "height": 360},
        ],
        "subtitles": {"en": [{"ext": "vtt"}], "live_chat": [{"ext": "json"}]},
        "automatic_captions": {"de": [{"ext": "vtt"}]},
    }  # fmt: skip
    found = offered(info)
    assert [each.format_id for each in found.formats] == ["140", "136", "18"]
    assert found.qualities == ["720p", "360p"]
    assert (found.captions, found.automatic_captions) == (["en"], ["de"])
    sound, picture, both = found.formats
    assert (sound.quality, sound.video_codec, sound.bitrate) == (None, None, 128.5)
    assert (picture.quality, picture.audio_codec, picture.size_bytes) == ("720p", None, 99)
    assert (both.audio_codec, both.video_codec) == ("mp4a", "avc1")


def test_labels_languages_and_upscaled_pictures_are_shown() -> None:
    info = {
        "id": "dQw4w9WgXcQ",
        "formats": [
            {"format_id": "140-en", "acodec": "mp4a", "vcodec": "none", "language": "en"},
            {"format_id": "140-de", "acodec": "mp4a", "vcodec": "none", "language": "de",
             "language_preference": 10},
            {"format_id": "137", "vcodec": "avc1", "acodec": "none", "width": 1920, "height": 804,
             "format_note": "1080p60 HDR"},
            {"format_id": "614", "vcodec": "vp9", "acodec": "none", "width": 1920, "height": 804},
            {"format_id": "271-sr", "vcodec": "vp9", "acodec": "none", "width": 2560,
             "height": 1072, "format_note": "1440p, AI-upscaled"},
        ],
    }  # fmt: skip
    found = offered(info)
    assert (found.qualities, found.audio_languages) == (["1080p"], ["de", "en"])
    assert [each.quality for each in found.formats] == [None, None, "1080p", "1080p", "1440p"]
    assert [each.is_upscaled for each in found.formats] == [False, False, False, False, True]
    assert [each.is_original_sound for each in found.formats] == [False, True, *[False] * 3]
    assert offered(info | {"formats": info["formats"][-1:]}).qualities == ["1440p"]
