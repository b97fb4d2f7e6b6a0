"""Kafka, PostgreSQL and the S3 gateway keep what they were given, whatever happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import obstore
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from obstore.store import S3Store

from services.studio.servers.kafka import KafkaServer
from services.studio.servers.postgres import PostgresServer
from services.studio.servers.processes import Server
from services.studio.servers.trouble import Unavailable
from tests.servers import ACCESS_KEY, BUCKET, SECRET_KEY, VersityServer

HOWS = ("kill", "stop")
LEFT_BEHIND = """
import os, sys
from pathlib import Path
from services.studio.servers.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.process_id, flush=True)
os._exit(1)
"""


def end(server: Server, how: str) -> None:
    {"kill": server.kill, "stop": server.stop}[how]()
    assert not server.running


def query(server: PostgresServer, words: str) -> list[tuple[object, ...]]:
    url = server.url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(words)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("how", HOWS)
def test_a_database_keeps_what_was_committed(postgres: PostgresServer, how: str) -> None:
    query(postgres, f"create table kept_{how} as select 7 as n")
    end(postgres, how)
    postgres.start()
    assert query(postgres, f"select n from kept_{how}") == [(7,)]


def test_a_database_comes_back_after_its_first_process_alone_is_killed(
    postgres: PostgresServer,
) -> None:
    os.kill(postgres.process_id, signal.SIGKILL)
    while postgres.running:
        time.sleep(0.01)
    postgres.start()
    assert query(postgres, "select 1") == [(1,)]


def test_a_database_never_runs_as_root(postgres: PostgresServer) -> None:
    assert Path(f"/proc/{postgres.process_id}").stat().st_uid != 0
    assert (postgres.folder / "data").stat().st_uid != 0


def test_a_test_has_an_empty_database_of_its_own(database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("select 1 from pg_tables where schemaname = 'public'")
        assert tables.fetchall() == []


@pytest.mark.parametrize("how", HOWS)
def test_a_broker_keeps_what_it_acknowledged(
    kafka: KafkaServer, new_topic: Callable[[int], str], how: str
) -> None:
    topic = new_topic(2)
    producer = KafkaProducer(bootstrap_servers=kafka.address, acks="all")
    producer.send(topic, b"kept", partition=1).get(10)
    producer.close()
    end(kafka, how)
    kafka.start()
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.address, enable_auto_commit=False, consumer_timeout_ms=10_000
    )
    partition = TopicPartition(topic, 1)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    record = next(consumer)
    consumer.close()
    assert record.value == b"kept"
    assert record.timestamp_type == 1, "leases are judged by the broker's clock"
    assert abs(record.timestamp / 1000 - time.time()) < 60


@pytest.mark.parametrize("how", HOWS)
def test_a_bucket_keeps_what_was_put(versity: VersityServer, how: str) -> None:
    store = S3Store(
        BUCKET,
        endpoint=versity.url,
        access_key_id=ACCESS_KEY,
        secret_access_key=SECRET_KEY,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    obstore.put(store, f"a/{how}", b"kept", mode="create")
    end(versity, how)
    versity.start()
    assert bytes(obstore.get(store, f"a/{how}").bytes()) == b"kept"
    assert (versity.objects / "a" / how).read_bytes() == b"kept"


def test_nothing_outlives_whoever_started_it(server_folder: Path) -> None:
    command = [sys.executable, "-c", LEFT_BEHIND, str(server_folder / "orphan")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    process = Path(f"/proc/{int(done.stdout)}")
    deadline = time.monotonic() + 10
    while process.exists() and "Z" not in (process / "stat").read_text().split()[2]:
        assert time.monotonic() < deadline, "a server runs on without anybody who wants it"
        time.sleep(0.05)


def test_a_server_does_not_start_where_somebody_else_listens(
    postgres: PostgresServer, server_folder: Path
) -> None:
    second = PostgresServer(server_folder / "second", port=postgres.port)
    with pytest.raises(Unavailable, match="somebody else listens"):
        second.start()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(server_folder: Path) -> None:
    broken = PostgresServer(server_folder / "broken")
    broken.start()
    broken.stop()
    (broken.folder / "data" / "postgresql.conf").write_text("no_such_setting = 1")
    with pytest.raises(Unavailable, match="no_such_setting"):
        broken.start()
