"""The OpenAPI 3.1 document, derived from the contracts and the error tree."""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from ytarchive import __version__
from ytarchive.common import errors
from ytarchive.common.contract import Endpoint, OperationKind, endpoints
from ytarchive.common.events import SentEvent
from ytarchive.common.models import ErrorDetail
from ytarchive.common.services import API_PREFIX, ServiceName
from ytarchive.common.tracing import TRACE_HEADER
from ytarchive.http.openapi_content import (
    CONTENT_PARAMETERS,
    CONTENT_RESPONSES,
    EVENTS_PARAMETERS,
    events_responses,
)
from ytarchive.http.reading import ServiceRequest

Document = dict[str, Any]
Kinds = tuple[type[errors.YTArchiveError], ...]
Key = tuple[str, Literal["validation", "serialization"]]

_REFERENCE = "#/components/schemas/{model}"
_SERVER_TAG = "server"

_ALWAYS: Kinds = (
    errors.MalformedRequest,
    errors.ForbiddenOrigin,
    errors.ForbiddenHost,
    errors.TokenRequired,
    errors.InternalError,
    errors.ServiceTimeout,
)
_OF_YOUTUBE: Kinds = (
    errors.QuotaExceeded,
    errors.YouTubeError,
    errors.NetworkFailure,
    errors.LocalError,
)
_OF_SERVICE: dict[str, Kinds] = {
    ServiceName.JOBS: (errors.NotFound, errors.Conflict, errors.ServiceError, errors.LocalError),
    ServiceName.METADATA: _OF_YOUTUBE,
    ServiceName.DOWNLOAD: (errors.NotFound, errors.PathOutsideArchive, *_OF_YOUTUBE),
    ServiceName.STORAGE: (errors.NotFound, errors.PathOutsideArchive, errors.LocalError),
    ServiceName.LOGGING: (errors.LocalError,),
    _SERVER_TAG: (errors.NotFound,),
}


def openapi(contracts: Sequence[type[Any]]) -> Document:
    """Return the document of a server that mounts `contracts`, ready to be written as JSON."""
    operations = [(_tag(c), found) for c in contracts for found in _operations(c)]
    schemas, components = _schemas(found for _, found in operations)
    paths: Document = {}
    for tag, declared in operations:
        path = paths.setdefault(API_PREFIX + declared.path, {})
        path[declared.method.lower()] = _operation(tag, declared, schemas, components)
    queries = [f.request_model for _, f in operations if f.request_model and not f.has_body]
    for model in queries:  # they are parameters
        components.pop(model.__name__, None)
    responses = {"default": _answer("Any other failure", _ref("Failure"))}
    for tag in dict(operations):
        own = [declared for owner, declared in operations if owner == tag]
        responses |= _family_failures(tag, own)
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "servers": [{"url": "/", "description": "The server of this document"}],
        "tags": _tags(contracts),
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": responses,
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _operations(contract: type[Any]) -> list[Endpoint]:
    return [found for found in endpoints(contract) if found.name != "health"]


def _tag(contract: type[Any]) -> str:
    return getattr(contract, "service", _SERVER_TAG)


def _schemas(found: Iterable[Endpoint]) -> tuple[dict[Key, Document], Document]:
    """Return the request and result schemas by operation, and the components they refer to."""
    wanted: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        ("error", "serialization", TypeAdapter(ErrorDetail)),
        ("envelope", "validation", TypeAdapter(ServiceRequest)),
    ]
    for declared in found:
        if declared.kind is OperationKind.EVENTS:
            wanted.append((declared.name, "serialization", TypeAdapter(SentEvent)))
        elif declared.kind is not OperationKind.CONTENT:
            wanted.append((declared.name, "serialization", declared.response_adapter))
        if declared.request_model is not None:
            wanted.append((declared.name, "validation", TypeAdapter(declared.request_model)))
    schemas, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE)
    components = definitions["$defs"]
    components["Failure"] = _envelope(
        success=False, data={"type": "null"}, error=_ref("ErrorDetail")
    )
    return schemas, dict(sorted(components.items()))


def _operation(
    tag: str, declared: Endpoint, schemas: dict[Key, Document], components: Document
) -> Document:
    summary, _, rest = declared.description.partition("\n\n")
    operation: Document = {
        "operationId": declared.name,
        "tags": [tag],
        "summary": summary,
        "parameters": [*_path_parameters(declared), *_query_parameters(declared, components)],
    }
    if rest:
        operation["description"] = rest
    if declared.method in {"POST", "PUT"}:
        operation["requestBody"] = _request_body(declared, schemas)
    if declared.kind is OperationKind.CONTENT:
        operation["parameters"] += CONTENT_PARAMETERS
        results = CONTENT_RESPONSES
    elif declared.kind is OperationKind.EVENTS:
        operation["parameters"] += EVENTS_PARAMETERS
        results = events_responses(schemas[declared.name, "serialization"])
    else:
        result = schemas[declared.name, "serialization"]
        envelope = _envelope(success=True, data=result, error={"type": "null"})
        results = {str(declared.status): _answer("Success", envelope)}
    operation["responses"] = {
        **results,
        **_failures(tag, declared),
        "default": {"$ref": "#/components/responses/default"},
    }
    return operation


def _path_parameters(declared: Endpoint) -> list[Document]:
    return [
        _parameter(name, "path", adapter.json_schema(), required=True)
        for name, adapter in declared.path_parameters.items()
    ]


def _query_parameters(declared: Endpoint, components: Document) -> list[Document]:
    model = declared.request_model
    if model is None or declared.has_body:
        return []
    schema = components[model.__name__]
    required = schema.get("required", [])
    return [
        _parameter(name, "query", _without_null(field), required=name in required)
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter(name: str, place: str, schema: Document, *, required: bool) -> Document:
    parameter = {"name": name, "in": place, "required": required}
    if "description" in schema:
        parameter["description"] = schema["description"]
    hidden = {"description", "title"}
    return parameter | {"schema": {k: v for k, v in schema.items() if k not in hidden}}


def _without_null(schema: Document) -> Document:
    """Return a field's schema without null, which a query string cannot express."""
    choices: list[Document] = [
        choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}
    ]
    if len(choices) != 1:
        return schema
    rest = {k: v for k, v in schema.items() if k not in {"anyOf", "default"}}
    return rest | choices[0]


def _request_body(declared: Endpoint, schemas: dict[Key, Document]) -> Document:
    """Return the schema of the envelope, or of its `data` alone."""
    envelope = _ref("ServiceRequest")
    if declared.request_model is None:
        return {"required": False, "content": {"application/json": {"schema": envelope}}}
    data = schemas[declared.name, "validation"]
    wrapped = {"allOf": [envelope], "properties": {"data": data}, "required": ["data"]}
    content = {"application/json": {"schema": {"anyOf": [data, wrapped]}}}
    return {"required": not declared.request_is_optional, "content": content}


def _failures(tag: str, declared: Endpoint) -> Document:
    """Return the failures an operation may answer with, one entry for each HTTP status."""
    statuses = sorted({kind.status for kind in _possible(tag, declared)})
    return {str(s): {"$ref": f"#/components/responses/{tag}-{s}"} for s in statuses}


def _family_failures(tag: str, operations: list[Endpoint]) -> Document:
    """Return the failures of a service's operations, by HTTP status, with their codes."""
    possible = {kind for declared in operations for kind in _possible(tag, declared)}
    by_status: dict[int, list[str]] = {}
    for kind in sorted(possible, key=lambda kind: kind.code):
        by_status.setdefault(kind.status, []).append(f"- `{kind.code}` {kind.meaning}")
    return {
        f"{tag}-{status}": _answer("\n".join(lines), _ref("Failure"))
        for status, lines in sorted(by_status.items())
    }


def _possible(tag: str, declared: Endpoint) -> list[type[errors.YTArchiveError]]:
    kinds = _ALWAYS + _OF_SERVICE[tag]
    if declared.path_parameters or declared.request_model:
        kinds += (errors.InvalidRequest, errors.InvalidIdentifier)
    if declared.kind is OperationKind.CONTENT:
        kinds += (errors.ContentChanged, errors.RangeNotSatisfiable)
    if declared.method in {"POST", "PUT"}:
        kinds += (errors.MalformedBody, errors.BodyTooLarge, errors.UnsupportedMediaType)
        kinds += (errors.InvalidRequest,)
    return [found for found in errors.error_classes() if issubclass(found, kinds)]


def _answer(description: str, schema: Document) -> Document:
    return {
        "description": description,
        "headers": {TRACE_HEADER: {"schema": {"type": "string"}}},
        "content": {"application/json": {"schema": schema}},
    }


def _envelope(*, success: bool, data: Document, error: Document) -> Document:
    properties = {
        "success": {"const": success},
        "data": data,
        "error": error,
        "trace_id": {"type": "string"},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _ref(model: str) -> Document:
    return {"$ref": _REFERENCE.format(model=model)}


def _tags(contracts: Sequence[type[Any]]) -> list[Document]:
    described: dict[str, str] = {}
    for contract in contracts:
        described.setdefault(_tag(contract), inspect.getdoc(contract) or "")
    return [{"name": name, "description": text} for name, text in described.items()]


def _info() -> Document:
    return {
        "title": "YTArchive",
        "version": __version__,
        "description": _ABOUT,
        "license": {"name": "MIT", "identifier": "MIT"},
    }


_ABOUT = """\
Archives YouTube videos, playlists and channels on your own disk.

Every answer is an envelope: `success`, `data`, `error`, `trace_id`. A request body is an envelope
too (`trace_id`, `timestamp`, `data`), or its `data` alone. Times are UTC, ISO 8601 with `Z`.
Wherever a YouTube id is accepted, a URL that contains it is accepted too; in a path it must be
percent-encoded. `docs/errors.md` explains every error code.
"""

_TOKEN: Document = {
    "type": "http",
    "scheme": "bearer",
    "description": "Required if `server.token` is set",
}
