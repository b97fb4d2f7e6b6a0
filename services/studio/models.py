"""The command `rostrum models serve`: a Triton on this machine, kept running while it answers."""
# ruff: noqa: PLC0415
# Commands import late, so that --help is there at once.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:  # torch is slow to import, and may not be here
    from services.models.served.repository import Plan
    from services.studio.line.supervising import Supervisor
    from services.studio.servers.triton import TritonServer
    from services.studio.signals import Stop

PORT: Final = 8001
LOOK_SECONDS: Final = 5.0
PATIENCE: Final = 3
"""Looks in a row that find a model stuck, after which a server is held for dead."""

app = typer.Typer(
    help="The networks behind the engines of the standard and final tiers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def models() -> None:
    """Stand for `rostrum models`, so that its commands are named."""


@app.command(epilog="Example: rostrum models serve --device h100")
def serve(
    device: Annotated[str, typer.Option(help="cpu, t4, l4, a100, or h100 and larger.")] = "cpu",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of its gRPC door on this machine; 0: any free.")
    ] = PORT,
    weights: Annotated[
        Path | None, typer.Option(help="Where `rostrum weights` has put them, if elsewhere.")
    ] = None,
) -> None:
    """Serve every model whose weights are here, until Ctrl-C."""
    from services.chassis.errors import Invalid
    from services.models.served.description import DEVICES
    from services.models.served.repository import Plan
    from services.studio.home import Home
    from services.studio.settings import read_settings

    if device not in DEVICES:
        raise Invalid("--device", "DEVICE_UNKNOWN", f"choose from {', '.join(DEVICES)}")
    home = Home(read_settings().folder).folder
    plan = Plan(weights or home / "weights", DEVICES[device])
    raise typer.Exit(run_server(home / "triton", plan, port))


def run_server(folder: Path, plan: Plan, port: int) -> int:
    """Run a server until told to stop. Raises StageError where it cannot start."""
    from services.chassis.errors import StageError
    from services.studio.line.supervising import Supervisor
    from services.studio.servers.triton import TritonServer
    from services.studio.servers.trouble import Unavailable
    from services.studio.signals import Stop

    server = TritonServer(folder, plan, port or None)
    supervisor = Supervisor(typer.echo)
    with Stop() as stop:
        try:
            supervisor.start(server)
            _say_what_is_served(server)
            keep(server, supervisor, stop)
        except Unavailable as error:
            raise StageError(str(error)) from None
        finally:
            server.stop()
    return 0


def keep(server: TritonServer, supervisor: Supervisor, stop: Stop) -> None:
    """Look after a server until told to stop; one whose models do not answer is begun anew.

    A server says that it is ready even when a model's process is gone: only answers count, and
    work that goes on.
    """
    unanswered = 0
    while not stop.wait(LOOK_SECONDS):
        supervisor.look()
        if not server.running:
            continue
        unanswered = unanswered + 1 if server.stuck() else 0
        if unanswered >= PATIENCE:
            supervisor.tell("a model does not answer any more; the server is killed")
            server.kill()
            unanswered = 0


def _say_what_is_served(server: TritonServer) -> None:
    typer.echo(f"{server.address} serves {', '.join(server.models) or 'nothing: no weights here'}")
    typer.echo(f"for services: ROSTRUM_TRITON={server.address}; Ctrl-C stops")
