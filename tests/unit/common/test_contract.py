"""An invalid declaration fails at import."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import pytest

from ytarchive.common.contract import ServiceContract, endpoint, endpoints
from ytarchive.common.errors import InvalidIdentifier, InvalidRequest
from ytarchive.common.identifiers import OpaqueId, VideoId
from ytarchive.common.models import Done, HealthCheck, Model
from ytarchive.common.services import ServiceName


class Fields(Model):
    """A request."""

    name: str = "x"


class Others(Model):
    """Another request."""

    name: str


class Wrong(Protocol):
    """Methods that fit no declaration, by the route that they would be declared with."""

    async def without_parameter(self) -> Done: ...

    async def other_name(self, other: str) -> Done: ...

    async def no_model(self, item: str, text: str) -> Done: ...

    async def two_models(self, item: str, one: Fields, two: Others) -> Done: ...

    def not_async(self, item: str) -> Done: ...


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (Wrong.without_parameter, "disagree"),
        (Wrong.other_name, "disagree"),
        (Wrong.no_model, "text must be a model"),
        (Wrong.two_models, "disagree"),
        (Wrong.not_async, "disagree"),
    ],
)
def test_a_path_and_a_signature_that_disagree_fail_at_the_declaration(
    operation: Callable[..., Any], reason: str
) -> None:
    with pytest.raises(TypeError, match=reason):
        endpoint("GET /things/{item}")(operation)


@pytest.mark.parametrize(
    "route", ["/things", "FETCH /things", "GET things", "GET  /things", "get /things", "GET /a b"]
)
def test_an_invalid_route_fails_at_the_declaration(route: str) -> None:
    with pytest.raises(TypeError, match="is not a method and a path"):
        endpoint(route)


class ThingsAPI(ServiceContract, Protocol):
    """Things."""

    service: ClassVar[ServiceName] = ServiceName.JOBS

    @endpoint("PUT /things/{thing_id}/videos/{video_id}", status=202)
    async def attach(self, thing_id: OpaqueId, video_id: VideoId, request: Fields) -> str:
        """Attach a video.

        And more.
        """
        ...

    @endpoint("POST /others")
    async def other(self, request: Others) -> Done:
        """Other."""
        ...


class Things(ThingsAPI):
    """Returns its arguments."""

    async def attach(self, thing_id: OpaqueId, video_id: VideoId, request: Fields) -> str:
        """The arguments as they arrived."""
        return f"{thing_id} {video_id} {request.name}"

    async def other(self, request: Others) -> Done:
        """Nothing."""
        return Done()

    async def health(self) -> HealthCheck:
        """Healthy."""
        return HealthCheck.of(self.service, {}, since=0)


def test_a_declaration_has_everything_for_routes_and_documents() -> None:
    attach, other, health = endpoints(ThingsAPI)
    assert (attach.method, attach.path, attach.status) == (
        "PUT",
        "/things/{thing_id}/videos/{video_id}",
        202,
    )
    assert [each.kind for each in (attach, other, health)] == ["command", "command", "query"]
    assert list(attach.path_parameters) == ["thing_id", "video_id"]
    assert (attach.request_name, attach.request_model) == ("request", Fields)
    assert (attach.has_body, attach.request_is_optional) == (True, True)
    assert (other.request_is_optional, health.request_is_optional) == (False, False)
    assert attach.description == "Attach a video.\n\nAnd more."
    assert (health.name, health.path) == ("health", "/health")


@pytest.mark.parametrize("how", ["by position", "by name"])
async def test_ids_reach_an_implementation_in_their_canonical_form(how: str) -> None:
    url, fields = "https://youtu.be/dQw4w9WgXcQ", Fields()
    if how == "by position":
        got = await Things().attach("thing-1", url, fields)
    else:
        got = await Things().attach(request=fields, video_id=url, thing_id="thing-1")
    assert got == "thing-1 dQw4w9WgXcQ x"


async def test_bad_ids_never_reach_an_implementation() -> None:
    with pytest.raises(InvalidRequest, match="thing_id"):
        await Things().attach("../thing", "dQw4w9WgXcQ", Fields())
    with pytest.raises(InvalidIdentifier):
        await Things().attach("thing", "../../../../..", Fields())
