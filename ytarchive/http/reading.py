"""Reads the request of an operation from the query string or the body."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, get_origin

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import from_json

from ytarchive.common.contract import Endpoint, invalid_request
from ytarchive.common.errors import BodyTooLarge, InvalidRequest, MalformedBody, RequestTooSlow
from ytarchive.common.json_text import TOO_LARGE, extreme_in
from ytarchive.common.models import Model, UtcDatetime

_READ_TWICE = 2**16
"""Maximum bytes of a body that is checked for repeated names; larger ones are made by programs."""


class ServiceRequest(Model):
    """The envelope of a request. A body without the key `data` is the data itself."""

    trace_id: str | None = Field(default=None, max_length=128)
    timestamp: UtcDatetime | None = None
    data: dict[str, Any] | None = None


class RequestReader:
    """Reads the requests of an endpoint; a body must arrive within `patience` seconds."""

    def __init__(self, declared: Endpoint, patience: float) -> None:
        self._patience = patience
        self._model = declared.request_model
        self._in_body = declared.method in {"POST", "PUT"}
        self._lists = _list_fields(self._model)

    async def read(self, request: web.Request) -> tuple[dict[str, Any], str | None]:
        """Return the fields that were sent, and the trace id if the body gave one.

        Raises InvalidRequest, MalformedBody, BodyTooLarge or RequestTooSlow.
        """
        query = self._query(request) if request.query_string else {}
        if not self._in_body:
            return query, None
        if query:
            raise InvalidRequest(f"{next(iter(query))[:64]}: give it in the body")
        body = await _body(request, self._patience)
        if self._model is not None and "data" not in body:
            return body, None
        envelope = _envelope(body)
        return envelope.data or {}, envelope.trace_id

    def model(self, values: dict[str, Any]) -> BaseModel | None:
        """Return the fields as the endpoint's model. Raises InvalidRequest or InvalidIdentifier."""
        if self._model is None:
            if values:
                raise InvalidRequest(f"{next(iter(values))[:64]}: this endpoint takes no fields")
            return None
        try:
            return self._model.model_validate(values)
        except ValidationError as error:
            raise invalid_request(error) from None

    def _query(self, request: web.Request) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name in request.query:
            values = request.query.getall(name)
            if len(values) > 1 and name not in self._lists:
                raise InvalidRequest(f"{name[:64]}: give it once")
            given[name] = values if name in self._lists else values[0]
        return given


def _list_fields(model: type[BaseModel] | None) -> frozenset[str]:
    """Return the fields whose name may be repeated in a query string."""
    if model is None:
        return frozenset()
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if get_origin(field.annotation) is list)


async def _body(request: web.Request, patience: float) -> dict[str, Any]:
    """Return the JSON object in the body; empty if there is none."""
    raw = await _raw_body(request, patience) if request.body_exists else b""
    if not raw.strip():
        return {}
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise MalformedBody("the body is not one JSON object")
    _refuse_extremes(raw, value)
    if len(raw) <= _READ_TWICE:
        _EACH_ONCE.decode(raw.decode())
    return value


async def _raw_body(request: web.Request, patience: float) -> bytes:
    if (request.content_length or 0) > request.client_max_size:
        raise BodyTooLarge  # no check needed
    try:
        # A small body arrives with the headers.
        async with asyncio.timeout(None if request.content.is_eof() else patience):
            return await request.read()
    except TimeoutError:
        raise RequestTooSlow(f"the body did not arrive within {patience:g} seconds") from None
    except web.HTTPRequestEntityTooLarge:
        raise BodyTooLarge from None
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise MalformedBody(f"the body cannot be decoded: {type(error).__name__}") from None


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse an object with a repeated name, because parsers differ in the value they use."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise MalformedBody(f"the body names {name[:64]!r} twice")
        seen.add(name)


_EACH_ONCE = json.JSONDecoder(object_pairs_hook=_each_once)


def _refuse_extremes(raw: bytes, value: Any) -> None:
    """Refuse values that cannot be stored: too many levels, integers beyond 64 bits, infinity."""
    cause = extreme_in(raw, value)
    if cause == TOO_LARGE:
        raise InvalidRequest(cause)
    if cause is not None:
        raise MalformedBody(f"the body has {cause}")


def _envelope(body: Mapping[str, Any]) -> ServiceRequest:
    try:
        return ServiceRequest.model_validate(body)
    except ValidationError as error:
        raise invalid_request(error) from None
