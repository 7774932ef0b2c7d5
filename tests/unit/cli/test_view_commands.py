"""`ytarchive views`."""

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.peers import Peers
from ytarchive.common.errors import FileFailure
from ytarchive.storage import (
    AddView,
    RemovedView,
    SyncView,
    View,
    ViewPolicy,
    Views,
    ViewsAPI,
    ViewSync,
)


class ViewsPeer(ViewsAPI):
    """Three views, two of which are on disks that are away."""

    async def list_views(self) -> Views:
        return Views(
            views=[
                View(name=name, policy=ViewPolicy.LIBRARY, path=name, folder=f"/{name}")
                for name in ("far", "library", "remote")
            ]
        )

    async def add_view(self, request: AddView) -> View:
        return View(**request.model_dump(), folder=f"/{request.name}")

    async def remove_view(self, name: str) -> RemovedView:
        return RemovedView(name=name, removed=3)

    async def sync_view(self, name: str, request: SyncView) -> ViewSync:
        if name != "library":
            raise FileFailure(f"/{name} is away")
        return ViewSync(name=name, created=3)


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_view_whose_disk_is_away_does_not_affect_the_others(
    cli: Cli, archive: Peers, as_json: list[str]
) -> None:
    archive.contracts[ViewsAPI] = ViewsPeer()  # type: ignore[index]  # a dict in tests
    ran = cli("views", "sync", *as_json)
    assert ran.code == 1
    if as_json:
        assert [each["created"] for each in ran.json] == [3]
    else:
        assert "library: 3 created" in ran.out
    assert "/far is away" in ran.err
    assert "/remote is away" in ran.err
