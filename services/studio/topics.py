"""The commands `rostrum topics ...`: the registered topics, shown and made on a broker."""
# ruff: noqa: PLC0415
# Commands import late, so that --help is there at once.

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from services.chassis.settings import BusSettings

app = typer.Typer(help="Show the topics of the bus, and make them on Kafka.", no_args_is_help=True)

COLUMNS = ("partitions", "hours", "bytes", "writers", "readers")
Brokers = Annotated[
    str, typer.Option(help="Kafka's host:port, several with commas; ROSTRUM_BROKERS else.")
]


@app.command("list", epilog="Example: rostrum topics list")
def list_topics() -> None:
    """Show every registered topic: who writes it, who reads it, how large it may grow."""
    from rich.console import Console
    from rich.table import Column, Table

    from services.chassis.topics import TOPICS

    table = Table(Column("topic", no_wrap=True), *COLUMNS, box=None)
    for topic in TOPICS.values():
        numbers = map(str, (topic.partitions, topic.retention_hours, topic.largest_bytes))
        rooms = (" ".join(topic.writers), " ".join(topic.readers))
        table.add_row(topic.name, *numbers, *rooms)
    Console().print(table)


@app.command(epilog="Example: rostrum topics apply --brokers 127.0.0.1:9092")
def apply(
    brokers: Brokers = "",
    replicas: Annotated[
        int, typer.Option(min=-1, help="Copies of each new partition; -1: as the broker has it.")
    ] = -1,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit with 1 where something would change."),
    ] = False,
) -> None:
    """Make what is missing and let grow what is too small; nothing shrinks or is deleted."""
    from services.chassis.bus.kafka_topics import apply_topics

    findings = apply_topics(_settings(brokers), replicas=replicas, check=check)
    for finding in findings:
        typer.echo(finding)
    if check and any(finding.change or finding.differs for finding in findings):
        raise typer.Exit(1)


def _settings(brokers: str) -> BusSettings:
    from services.chassis.errors import Invalid
    from services.chassis.settings import BusSettings

    given: dict[str, Any] = {"brokers": brokers} if brokers else {}
    settings = BusSettings.read(**given)
    if not settings.brokers:
        raise Invalid("ROSTRUM_BROKERS", "SETTING_REQUIRED", "say where Kafka is: host:port")
    return settings
