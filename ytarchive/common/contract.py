"""Declares operations, from which routes, clients and the OpenAPI document are derived.

    class JobsAPI(ServiceContract, Protocol):
        service = ServiceName.JOBS

        @endpoint("GET /jobs/{job_id}")
        async def get_job(self, job_id: OpaqueId) -> Job: ...

`{names}` in the path are parameters. Besides them a method takes at most one model: the query
string for GET and DELETE, the body otherwise. A declaration whose path and signature disagree fails
at import. Ids in the path are checked before the method runs, both in process and over HTTP.

The kind of an operation follows from its method and its result: a method that returns `Content`
answers with bytes, one that returns an `EventStream` with server-sent events, and every other one
with JSON in the envelope.
"""

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from ytarchive.common.content import Content
from ytarchive.common.errors import InvalidRequest
from ytarchive.common.events import EventStream
from ytarchive.common.models import HealthCheck, problem_text
from ytarchive.common.services import ServiceName

Operation = TypeVar("Operation", bound=Callable[..., Awaitable[Any]])

_ROUTE = re.compile(r"(GET|POST|PUT|DELETE) (/[\w/{}.-]*)")
_PARAMETER = re.compile(r"{(\w+)}")


class OperationKind(StrEnum):
    """The kind of an operation and the form of its answer."""

    QUERY = "query"
    """Reads; answers in the envelope."""
    COMMAND = "command"
    """Changes something; answers in the envelope."""
    CONTENT = "content"
    """Reads; answers with bytes, or parts of them."""
    EVENTS = "events"
    """Follows events; answers with an endless stream."""


@dataclass(frozen=True)
class Endpoint:
    """One declared operation."""

    name: str
    kind: OperationKind
    method: str
    path: str
    status: int
    path_parameters: dict[str, TypeAdapter[Any]]
    request_name: str | None
    request_model: type[BaseModel] | None
    response: Any
    description: str
    has_own_key: bool
    """Whether a key in the path replaces the server's access token."""

    @property
    def has_body(self) -> bool:
        """Return whether the model is sent in the body (POST, PUT), not in the query string."""
        return self.request_model is not None and self.method in {"POST", "PUT"}

    @property
    def request_is_optional(self) -> bool:
        """Return whether the model may be omitted because every field has a default."""
        model = self.request_model
        return model is not None and not any(f.is_required() for f in model.model_fields.values())

    @functools.cached_property
    def response_adapter(self) -> TypeAdapter[Any]:
        """Return the adapter that serialises the operation's result."""
        return TypeAdapter(self.response)

    def check_path(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the path parameters, checked and reduced to their canonical form.

        Raises InvalidRequest or InvalidIdentifier.
        """
        checked = {}
        for name, adapter in self.path_parameters.items():
            try:
                checked[name] = adapter.validate_python(values[name])
            except ValidationError as error:
                raise invalid_request(error, name) from None
        return checked


def invalid_request(error: ValidationError, name: str = "value") -> InvalidRequest:
    """Return a validation error as `InvalidRequest`; it names each field and never its value.

    `name` is used for an error that concerns the whole value.
    """
    fields = {
        ".".join(str(part)[:64] for part in item["loc"]) or name: problem_text(item)
        for item in error.errors(include_url=False, include_input=False)[:20]
    }
    summary = "; ".join(f"{name}: {text}" for name, text in fields.items())
    return InvalidRequest(summary, fields=fields)


def endpoint(
    route: str, *, status: int = 200, has_own_key: bool = False
) -> Callable[[Operation], Operation]:
    """Declare a contract method to be reachable as `route`, such as `"GET /jobs/{job_id}"`.

    `has_own_key`: the operation checks a key in its path, and needs no access token.
    """
    matched = _ROUTE.fullmatch(route)
    if matched is None:
        raise TypeError(f"{route!r} is not a method and a path")
    method, path = matched.groups()

    def declare(operation: Operation) -> Operation:
        declared = _declaration(operation, method, path, status, has_own_key=has_own_key)
        operation.__endpoint__ = declared  # type: ignore[attr-defined]  # the mark `endpoints` finds
        return operation

    return declare


def _declaration(
    operation: Callable[..., Any], method: str, path: str, status: int, *, has_own_key: bool
) -> Endpoint:
    hints = get_type_hints(operation, include_extras=True)
    response = hints.pop("return", None)
    named = _PARAMETER.findall(path)
    others = [name for name in hints if name not in named]
    missing = [name for name in named if name not in hints]
    if missing or len(others) > 1 or not inspect.iscoroutinefunction(operation):
        raise TypeError(f"{operation.__qualname__}: {path} and the signature disagree")
    model = hints[others[0]] if others else None
    if model is not None and not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise TypeError(f"{operation.__qualname__}: {others[0]} must be a model")
    return Endpoint(
        name=operation.__name__,
        kind=_kind(method, response),
        method=method,
        path=path,
        status=status,
        path_parameters={name: TypeAdapter(hints[name]) for name in named},
        request_name=others[0] if others else None,
        request_model=model,
        response=response,
        description=inspect.getdoc(operation) or "",
        has_own_key=has_own_key,
    )


def _kind(method: str, response: Any) -> OperationKind:
    if method != "GET":
        return OperationKind.COMMAND
    if response == EventStream:
        return OperationKind.EVENTS
    return OperationKind.CONTENT if response is Content else OperationKind.QUERY


class Contract(Protocol):
    """Base of all contracts. Ids in paths are checked before an implementation is called."""

    service: ClassVar[ServiceName]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if Protocol in cls.__bases__:
            return
        for declared in endpoints(cls):
            implementation = cls.__dict__.get(declared.name)
            if implementation is not None and declared.path_parameters:
                setattr(cls, declared.name, _checked(declared, implementation))


class ServiceContract(Contract, Protocol):
    """Base of a service's main contract. A service may have others, one for each subject."""

    @endpoint("GET /health")
    async def health(self) -> HealthCheck:
        """Return the health of the service and of everything that it depends on."""
        ...

    def subjects(self) -> "Mapping[type[Contract], Contract]":
        """Return the implementations of the service's other contracts; only services have any."""
        return {}


def _checked(declared: Endpoint, implementation: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `implementation` in a check of its path parameters, by position or by name."""
    names = list(inspect.signature(implementation).parameters)[1:]

    @functools.wraps(implementation)
    async def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = dict(zip(names, args, strict=False)) | kwargs
        return await implementation(self, **(given | declared.check_path(given)))

    return checked


def endpoints(contract: type[Any]) -> list[Endpoint]:
    """Return the operations declared in a class, in the order of declaration; `health` is last."""
    found: dict[str, Endpoint] = {}
    for base in contract.__mro__:
        for name, member in vars(base).items():
            declared = getattr(member, "__endpoint__", None)
            if declared is not None:
                found.setdefault(name, declared)
    return list(found.values())
