"""The specification's endpoints: all mounted, all documented, under exactly these names."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.unit.http.serving import serving
from ytarchive.cli.documents import documents
from ytarchive.common.config import ServerConfig
from ytarchive.common.contract import endpoints
from ytarchive.common.errors import error_classes
from ytarchive.common.services import ServiceName
from ytarchive.http import CONTRACTS, build_app, remote

SPECIFIED = {
    "jobs": """
        POST   /api/v1/jobs
        GET    /api/v1/jobs/{job_id}
        GET    /api/v1/jobs
        PUT    /api/v1/jobs/{job_id}/retry
        POST   /api/v1/registry/register
        GET    /api/v1/registry/services
        GET    /api/v1/health
    """,
    "metadata": """
        GET    /api/v1/metadata/video/{video_id}
        GET    /api/v1/metadata/playlist/{playlist_id}
        GET    /api/v1/metadata/quota
        POST   /api/v1/metadata/batch
        GET    /api/v1/health
    """,
    "download": """
        POST   /api/v1/download/video
        GET    /api/v1/download/progress/{task_id}
        POST   /api/v1/download/cancel/{task_id}
        GET    /api/v1/download/formats/{video_id}
        GET    /api/v1/health
    """,
    "storage": """
        POST   /api/v1/storage/save/metadata
        POST   /api/v1/storage/save/video
        GET    /api/v1/storage/exists/{video_id}
        GET    /api/v1/storage/metadata/{video_id}
        POST   /api/v1/storage/work-plan
        GET    /api/v1/storage/stats
        GET    /api/v1/health
    """,
    "logging": """
        POST   /api/v1/logs
        GET    /api/v1/logs
        GET    /api/v1/logs/services/{service}
        GET    /api/v1/metrics
        GET    /api/v1/health
    """,
}
ENDPOINTS = [
    (service, *line.split())
    for service, text in SPECIFIED.items()
    for line in text.split("\n")
    if line.strip()
]
FIELDS = {
    "Job": "id type status created_at updated_at video_ids playlist_id options results error",
    "ServiceRegistry": "service_name url port health_endpoint last_health_check is_healthy",
    "VideoMetadata": "video_id title description duration upload_date channel_id channel_title "
    "thumbnail_urls available_captions view_count like_count fetched_at",
    "PlaylistMetadata": "playlist_id title description channel_id channel_title video_count videos "
    "fetched_at",
    "DownloadRequest": "video_id quality output_path include_captions caption_languages",
    "DownloadProgress": "task_id video_id status progress_percent downloaded_bytes total_bytes "
    "speed eta error",
    "StorageLocation": "video_id video_path metadata_path thumbnail_path captions_dir size_bytes "
    "stored_at",
    "WorkPlan": "id created_at unavailable_videos failed_downloads total_videos successful_videos",
    "LogEntry": "timestamp service level message context trace_id",
    "Metric": "name value tags timestamp",
    "ErrorDetail": "code message details",
    "HealthCheck": "service status version uptime_seconds checks",
}
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def document() -> Any:
    return json.loads((DOCS / "api" / "openapi.json").read_text("utf-8"))


def test_the_specification_has_29_endpoints() -> None:
    assert len(ENDPOINTS) == 29


@pytest.mark.parametrize(("service", "method", "path"), ENDPOINTS)
async def test_every_endpoint_is_mounted_on_its_service(
    service: str, method: str, path: str
) -> None:
    """Each contract is served alone, as with `--separate-ports`."""
    async with aiohttp.ClientSession() as session:
        own = [c for c in CONTRACTS if c.service == service]
        app = build_app([(c, remote(c, session, "http://x")) for c in own], ServerConfig())
    routes = {(r.method, r.resource.canonical) for r in app.router.routes() if r.resource}
    assert (method, path) in routes


@pytest.mark.parametrize(("service", "method", "path"), ENDPOINTS)
def test_every_endpoint_is_documented(document: Any, service: str, method: str, path: str) -> None:
    operation = document["paths"][path][method.lower()]
    assert operation["summary"]
    assert operation["tags"] == [service if path != "/api/v1/health" else "server"]


@pytest.mark.parametrize(("model", "fields"), FIELDS.items())
def test_every_model_has_the_specified_fields(document: Any, model: str, fields: str) -> None:
    assert set(fields.split()) <= set(document["components"]["schemas"][model]["properties"])


def test_ports_follow_the_specification() -> None:
    """With `--separate-ports`: jobs 8000, metadata 8001, … logging 8004."""
    assert [service.port_offset for service in map(ServiceName, SPECIFIED)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", documents())
def test_the_generated_documents_are_up_to_date(name: str) -> None:
    """If not: `make docs`."""
    assert (DOCS / name).read_text("utf-8") == documents()[name]


def test_the_served_document_describes_what_is_served() -> None:
    described = {
        (method.upper(), path)
        for path, operations in json.loads(documents()["api/openapi.json"])["paths"].items()
        for method in operations
    }
    declared = {(found.method, "/api/v1" + found.path) for c in CONTRACTS for found in endpoints(c)}
    assert described == declared


def test_operation_ids_are_unique(document: Any) -> None:
    ids = Counter(op["operationId"] for path in document["paths"].values() for op in path.values())
    assert ids.most_common(1)[0][1] == 1


def test_every_reference_resolves_and_every_component_is_used(document: Any) -> None:
    used = set(_references(document))
    for reference in used:
        found = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    components = document["components"]
    names = {
        f"#/components/{kind}/{n}" for kind in ("schemas", "responses") for n in components[kind]
    }
    assert names - used == set()


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [r for value in node.values() for r in _references(value)]
    return [r for value in node for r in _references(value)] if isinstance(node, list) else []


def test_every_path_parameter_is_described(document: Any) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def test_every_error_is_in_the_table() -> None:
    table = (DOCS / "errors.md").read_text("utf-8")
    for kind in error_classes():
        assert table.count(f"| `{kind.code}` | `{kind.__name__}` | {kind.status} |") == 1


async def test_a_service_alone_serves_and_describes_its_own_operations_only() -> None:
    async with aiohttp.ClientSession() as session:
        storage = [c for c in CONTRACTS if c.service is ServiceName.STORAGE]
        mounted = [(c, remote(c, session, "http://127.0.0.1:1")) for c in storage]
        async with (
            serving(*mounted) as server,
            session.get(f"{server.url}/api/v1/openapi.json") as response,
        ):
            paths = (await response.json())["paths"]
            async with session.get(f"{server.url}/api/v1/jobs") as other:
                assert (await other.json())["error"]["code"] == "E006"
    assert {path.split("/")[3] for path in paths} == {
        *("storage", "feeds", "trash", "quarantine", "maintenance", "health")
    }
