"""Real servers for tests, started when a test first asks and shared by all tests of the process.

With pytest-xdist every worker would start its own: what needs them lies in folders run without.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.studio.servers.kafka import KafkaServer
from services.studio.servers.postgres import PostgresServer
from tests.servers import VersityServer

# Several lines a second while a broker is away would bury what a failed test has to say.
logging.getLogger("kafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers' data that other users may enter: PostgreSQL must not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="rostrum-servers-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def kafka(server_folder: Path) -> Iterator[KafkaServer]:
    """A broker without topics."""
    with KafkaServer(server_folder / "kafka") as server:
        yield server


@pytest.fixture(scope="session")
def postgres(server_folder: Path) -> Iterator[PostgresServer]:
    """A database server."""
    with PostgresServer(server_folder / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def versity(server_folder: Path) -> Iterator[VersityServer]:
    """An S3 server with an empty bucket."""
    with VersityServer(server_folder / "versity") as server:
        yield server


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """Address of an empty database of the test's own, for SQLAlchemy."""
    name = f"test_{uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def new_topic(kafka: KafkaServer) -> Callable[[int], str]:
    """Make a topic with some partitions and return its name, which nobody else uses."""
    from kafka.admin import KafkaAdminClient  # noqa: PLC0415  # slow

    def make(partitions: int = 1) -> str:
        name = f"test.{uuid4().hex}"
        admin = KafkaAdminClient(bootstrap_servers=kafka.address)
        try:
            admin.create_topics({name: {"num_partitions": partitions, "replication_factor": 1}})
        finally:
            admin.close()
        return name

    return make
