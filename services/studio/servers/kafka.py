"""Apache Kafka, one node that is broker and controller, from its Maven artifacts."""

from __future__ import annotations

import re
import shutil
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from services.studio.servers.installing import installed, program, run
from services.studio.servers.processes import Server, free_port, listens

VERSION: Final = "4.1.0"
JAVA: Final = "17 or newer; Debian: apt install openjdk-17-jre-headless"
MAVEN: Final = "Debian: apt install maven"

ARTIFACTS: Final = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>rostrum</groupId>
  <artifactId>servers</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
"""Without a binding of slf4j Kafka would log nothing at all."""

PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
log.message.timestamp.type=LogAppendTime
message.max.bytes=1048588
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=16777216
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
num.network.threads=2
num.io.threads=4
"""
"""For one node. LogAppendTime, because leases are judged by the broker's clock; a short session,
because a killed broker is let in again only when that is over."""

MEMORY: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""A small heap, and no more compiling than a small broker is worth."""


class KafkaServer(Server):
    """A broker on loopback without TLS; its topics and records stay over restarts."""

    name = "kafka"

    def _prepare(self) -> None:
        if self._properties.is_file():
            self._write(self._properties, self._controller_port())
        else:
            self._format()

    def _command(self) -> list[str | Path]:
        return [*_java(), "kafka.Kafka", self._properties]

    def _answers(self) -> bool:
        from kafka.admin import KafkaAdminClient  # noqa: PLC0415  # only who runs a broker needs it
        from kafka.errors import KafkaError  # noqa: PLC0415

        if not listens(self.port):
            return False
        with suppress(KafkaError):
            admin = KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=5000)
            try:
                admin.list_topics()
            finally:
                admin.close()
            return True
        return False

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _format(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        partial = self.folder / "server.properties.partial"
        self._write(partial, free_port())
        cluster = urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        tool = [*_java(), "kafka.tools.StorageTool", "format", "--standalone"]
        run([*tool, f"--cluster-id={cluster}", "-c", partial], self.folder)
        partial.rename(self._properties)  # last: where it is missing, the data are not whole

    def _write(self, path: Path, controller: int) -> None:
        text = PROPERTIES.format(port=self.port, controller=controller, data=self._data.resolve())
        path.write_text(text, encoding="utf-8")

    def _controller_port(self) -> int:
        """Return the port that the data know the controller by."""
        quorum = re.search(r"^controller\.quorum\..*:(\d+)$", self._properties.read_text(), re.M)
        assert quorum is not None
        return int(quorum[1])


def libraries() -> Path:
    """Return the folder of Kafka's jars; Maven fetches them where there are none."""
    return installed(f"kafka-{VERSION}", _fetch) / "lib"


def _fetch(folder: Path) -> None:
    program("java", JAVA)
    (folder / "pom.xml").write_text(ARTIFACTS, encoding="utf-8")
    maven = [program("mvn", MAVEN), "-q", "-B", f"-Dmaven.repo.local={folder / 'repository'}"]
    what = ["dependency:copy-dependencies", "-DoutputDirectory=lib", "-DincludeScope=runtime"]
    run([*maven, *what], folder)
    shutil.rmtree(folder / "repository")


def _java() -> list[str]:
    return [program("java", JAVA), *MEMORY, "-cp", f"{libraries()}/*"]
