"""`Range` headers are read as RFC 9110 has them."""

import pytest

from ytarchive.common.errors import RangeNotSatisfiable
from ytarchive.http.content import byte_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=10-", (10, 100)),
        ("bytes=99-", (99, 100)),
        ("bytes=50-1000", (50, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("BYTES=0-4", (0, 5)),
        # What cannot be understood, and what asks for several parts, is answered with everything.
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=5-4", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=--1", None),
        ("bytes=+1-2", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=0-" + "9" * 5000, None),
    ],
)
def test_range_is_the_first_byte_and_the_one_after_the_last(
    header: str, part: tuple[int, int] | None
) -> None:
    assert byte_range(header, 100) == part


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=100-200", "bytes=9999999999999-", "bytes=-0"]
)
def test_range_beyond_the_end_names_the_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        byte_range(header, 100)
    assert refused.value.details == {"size": 100}


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=0-0"])
def test_no_part_of_an_empty_file_can_be_sent(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        byte_range(header, 0)
