"""`ytarchive metrics`, `ytarchive quota` and `ytarchive services`."""

import click
from rich.console import RenderableType

from ytarchive.cli.options import Command, Group
from ytarchive.cli.output import Output, cell, pairs, table
from ytarchive.cli.session import reading, with_archive
from ytarchive.cli.times import moment
from ytarchive.discovery import Archive
from ytarchive.jobs import RegistryAPI, ServiceRegistry
from ytarchive.logging import Metric
from ytarchive.metadata import QuotaUsage


@click.command(cls=Command)
@reading
async def metrics(archive: Archive, out: Output) -> None:
    """Show the current value of every metric."""
    out.show(await archive.logging.get_metrics(), _metrics)


@click.command(cls=Command)
@reading
async def quota(archive: Archive, out: Output) -> None:
    """Show today's quota of the YouTube Data API."""
    out.show(await archive.metadata.get_quota(), _quota)


@click.group(cls=Group, default="list")
def services() -> None:
    """Show the services and their health."""


@services.command("list")
@reading
async def list_services(archive: Archive, out: Output) -> int:
    """Show services and their health (default of `services`).

    The exit code is 1 if a service is unhealthy.
    """
    known = await archive.of(RegistryAPI).list_services()
    out.show(known, _services)
    return 0 if all(each.is_healthy for each in known) else 1


@services.command()
@click.argument("name")
@with_archive
async def remove(archive: Archive, out: Output, name: str) -> None:
    """Remove a service from the registry."""
    done = await archive.of(RegistryAPI).remove_service(name)
    out.show(done, lambda _: cell(f"service {name} is removed"))


def _metrics(metrics: list[Metric]) -> RenderableType:
    """Return the metrics without the buckets of histograms."""
    rows = [
        (each.name, ", ".join(f"{k}={v}" for k, v in each.tags.items()), _number(each.value))
        for each in metrics
        if not each.name.endswith("_bucket")
    ]
    return table(["METRIC", "~TAGS", ">VALUE"], rows)


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.4g}"


def _quota(quota: QuotaUsage) -> RenderableType:
    return pairs(
        [
            ("source", quota.source),
            ("used", f"{quota.used} of {quota.quota_limit} units"),
            ("reserve", quota.quota_reserve),
            ("remaining", quota.remaining),
            ("resets", moment(quota.resets_at)),
        ]
    )


def _services(known: list[ServiceRegistry]) -> RenderableType:
    rows = [
        (
            each.service_name,
            cell("healthy", "green") if each.is_healthy else cell("unhealthy", "red"),
            each.url,
            moment(each.last_health_check),
        )
        for each in known
    ]
    return table(["SERVICE", "HEALTH", "URL", "LAST CHECK"], rows)
