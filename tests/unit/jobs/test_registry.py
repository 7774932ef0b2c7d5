"""The registry: allowed services, health checks, and removal."""

import sqlite3
from contextlib import closing

import pytest
from pydantic import ValidationError

from tests.unit.jobs.conftest import Workshop, found_unwell
from ytarchive.common.config import load_settings
from ytarchive.common.errors import Conflict, InvalidRequest, NotFound
from ytarchive.jobs import IN_PROCESS, RegisterService


def at(url: str, name: str = "download") -> RegisterService:
    return RegisterService(service_name=name, url=url, port=8002)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8002", "http://localhost", "http://[::1]:8002", IN_PROCESS]
)
async def test_services_on_this_machine_may_register(workshop: Workshop, url: str) -> None:
    async with workshop.open() as jobs:
        assert (await jobs.registry.register_service(at(url))).url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://attacker.example",
        "http://169.254.169.254",
        "http://10.0.0.1:8002",
        "http://127.0.0.1.attacker.example",
        "http://0x7f000001:22",
    ],
)
async def test_an_address_that_the_settings_do_not_name_is_refused(
    workshop: Workshop, url: str
) -> None:
    """Otherwise any client could make the server send requests to the address."""
    async with workshop.open() as jobs:
        with pytest.raises(InvalidRequest, match="loopback"):
            await jobs.registry.register_service(at(url))
        assert await jobs.registry.list_services() == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@attacker.example",
        "http://attacker.example#@127.0.0.1",
        "http://attacker.example?127.0.0.1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1\\@attacker.example",
        "http://[::1%25eth0]",
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "http://",
    ],
)
def test_an_ambiguous_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        at(url)


async def test_hosts_of_the_settings_may_register(workshop: Workshop) -> None:
    workshop.settings = load_settings(
        services={"download": "http://worker.example:8002"},
        server={"allowed_hosts": ["Archive.example"]},
    )
    async with workshop.open() as jobs:
        await jobs.registry.register_service(at("http://worker.example:8002"))
        await jobs.registry.register_service(at("http://archive.example", name="storage"))
        registered = {each.service_name: each.url for each in await jobs.registry.list_services()}
    assert registered == {
        "download": "http://worker.example:8002",
        "storage": "http://archive.example",
    }


async def test_registrations_accepted_by_an_earlier_version_are_removed(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        await jobs.registry.register_service(at("http://127.0.0.1:8002"))
    with closing(sqlite3.connect(workshop.state_path / "jobs.db")) as database:
        database.execute("UPDATE services SET url = 'http://attacker.example'")
        database.commit()
    async with workshop.open() as jobs:
        assert await jobs.registry.list_services() == []
    async with workshop.open() as jobs:
        assert await jobs.registry.list_services() == []


async def test_an_ended_service_can_be_removed(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        await jobs.registry.register_service(at("http://127.0.0.1:8002"))
        with pytest.raises(Conflict, match="still answers"):
            await jobs.registry.remove_service("download")
        workshop.unwell.add("download")
        await found_unwell(jobs)
        await jobs.registry.remove_service("download")
        assert await jobs.registry.list_services() == []
        with pytest.raises(NotFound):
            await jobs.registry.remove_service("download")
        with pytest.raises(InvalidRequest):
            await jobs.registry.remove_service("../download")
    async with workshop.open() as jobs:
        assert await jobs.registry.list_services() == []


async def test_the_port_is_added_to_an_address_without_one(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        bare = await jobs.registry.register_service(at("http://127.0.0.1"))
        full = await jobs.registry.register_service(at("http://127.0.0.1:9", name="storage"))
    assert bare.address == "http://127.0.0.1:8002"
    assert full.address == "http://127.0.0.1:9"


async def test_health_checks_have_a_time_limit(workshop: Workshop) -> None:
    async with workshop.open() as jobs:
        for number in range(100):
            await jobs.registry.register_service(at("http://127.0.0.1:9", name=f"service-{number}"))
        with pytest.raises(Conflict, match="100 services"):
            await jobs.registry.register_service(at("http://127.0.0.1:9", name="one-more"))
        await jobs.registry.register_service(at("http://127.0.0.1:10", name="service-7"))
