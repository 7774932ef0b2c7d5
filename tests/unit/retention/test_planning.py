"""Plans of removals: any rules over any videos."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ytarchive.retention.models import KeptReason, RetentionRule
from ytarchive.retention.planning import (
    AppliedRule,
    HeldMedia,
    Plan,
    Protection,
    Situation,
    TrashedItem,
    plan_of,
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
LISTS = ("PLa", "PLb", "PLc")
_KEEP = Protection(KeptReason.KEEP, "marked `keep`")


def rule_of(list_id: str, **limits: float) -> AppliedRule:
    return AppliedRule(f"id of {list_id}", list_id, "", RetentionRule.model_validate(limits), NOW)


def video(
    number: int, *list_ids: str, days: float = 10, size: int = 100, **more: object
) -> HeldMedia:
    stored = NOW - timedelta(days=days)
    fields = {"stored_at": stored, "upload_date": stored, "protection": None} | more
    return HeldMedia(f"video{number:06d}", "", size, list_ids=list_ids, **fields)  # type: ignore[arg-type]  # given by tests


def planned(*parts: AppliedRule | HeldMedia | TrashedItem, free: int = 10**9) -> Plan:
    rules = [each for each in parts if isinstance(each, AppliedRule)]
    videos = [each for each in parts if isinstance(each, HeldMedia)]
    trash = [each for each in parts if isinstance(each, TrashedItem)]
    return plan_of(Situation(rules, videos, trash, free, {each.list_id for each in rules}))


def removed_by(plan: Plan) -> list[int]:
    return [int(each.video_id[-6:]) for each in plan.removed]


def test_an_age_is_at_most_that_of_the_upload() -> None:
    """A clock that was years behind when a video was stored does not make the video old."""
    early = NOW - timedelta(days=9000)
    rule = rule_of("PLa", max_age_days=30)
    kept = video(1, "PLa", stored_at=early, upload_date=NOW - timedelta(days=2))
    assert removed_by(planned(rule, kept, video(2, "PLa", days=31))) == [2]


def test_protected_videos_do_not_count_for_a_limit() -> None:
    protected = [video(n, "PLa", days=n, protection=_KEEP) for n in (1, 2, 3)]
    others = [video(n, "PLa", days=n) for n in (4, 5, 6)]
    assert removed_by(planned(rule_of("PLa", max_videos=2), *protected, *others)) == [6]
    assert removed_by(planned(rule_of("PLa", max_bytes=250), *protected, *others)) == [6]


def test_videos_without_a_date_are_the_newest() -> None:
    undated = video(1, "PLa", days=99, upload_date=None)
    assert removed_by(planned(rule_of("PLa", max_videos=1), undated, video(2, "PLa"))) == [2]


def test_free_space_counts_what_other_limits_remove() -> None:
    old, newer = video(1, "PLa", days=99), video(2, "PLa", days=1)
    rule = rule_of("PLa", max_age_days=30, min_free_bytes=600)
    assert removed_by(planned(rule, old, newer, free=500)) == [1]
    assert removed_by(planned(rule, old, newer, free=450)) == [1, 2]


def test_two_rules_about_free_space_remove_no_more_than_the_larger_needs() -> None:
    rules = [rule_of("PLa", min_free_bytes=700), rule_of("PLb", min_free_bytes=600)]
    videos = [video(n, LISTS[n % 2], days=10 - n) for n in range(6)]
    assert removed_by(planned(*rules, *videos, free=500)) == [0, 2]


def test_trash_of_the_last_day_is_not_deleted() -> None:
    old = TrashedItem("old", 100, NOW - timedelta(days=3))
    older = TrashedItem("older", 100, NOW - timedelta(days=4))
    young = TrashedItem("young", 100, NOW - timedelta(hours=20))
    rule = rule_of("PLa", min_free_bytes=1000)
    deleted = planned(rule, old, young, older, free=850).purged
    assert [each.item_id for each in deleted] == ["older", "old"]
    assert planned(rule, old, free=1000).purged == []


RULES = st.fixed_dictionaries(
    {},
    optional={
        "max_age_days": st.integers(1, 20),
        "max_videos": st.integers(1, 4),
        "max_bytes": st.integers(1, 500),
        "min_free_bytes": st.integers(1, 1500),
    },
).filter(bool)
VIDEOS = st.lists(
    st.tuples(
        st.sets(st.sampled_from(LISTS), min_size=1),
        st.integers(0, 30),
        st.integers(1, 300),
        st.sampled_from([None, None, _KEEP]),
    ),
    max_size=12,
)


@given(st.dictionaries(st.sampled_from(LISTS), RULES, min_size=1), VIDEOS, st.integers(0, 1500))
def test_no_plan_removes_what_is_protected_or_what_a_rule_keeps(
    limits: dict[str, dict[str, float]],
    found: list[tuple[set[str], int, int, Protection | None]],
    free: int,
) -> None:
    rules = [rule_of(name, **own) for name, own in limits.items()]
    disagreeing = Protection(KeptReason.HELD, "held by a list without a rule")
    videos = [
        video(n, *sorted(lists), days=days, size=size,
              protection=protection if lists <= limits.keys() else disagreeing)
        for n, (lists, days, size, protection) in enumerate(found)
        if lists & limits.keys()
    ]  # fmt: skip
    plan = planned(*rules, *videos, free=free)
    removed = {each.video_id for each in plan.removed}
    assert len(removed) + sum(each.videos for each in plan.kept) == len(videos)
    for each in videos:
        if each.video_id not in removed:
            continue
        assert each.protection is None
        for list_id in each.list_ids:
            own = [v for v in videos if list_id in v.list_ids and v.protection is None]
            newer = [v for v in own if v.order > each.order]
            rule = RetentionRule.model_validate(limits[list_id])
            assert any([
                rule.max_age_days and NOW - each.stored_at > timedelta(days=rule.max_age_days),
                rule.max_videos and len(newer) >= rule.max_videos,
                rule.max_bytes
                and sum(v.size_bytes for v in newer) + each.size_bytes > rule.max_bytes,
                rule.min_free_bytes and free < rule.min_free_bytes,
            ])  # fmt: skip
