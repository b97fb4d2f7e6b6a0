"""A small service with a call of each kind, its server, and certificates to come in with."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from rostrum.director.v1 import media_pb2 as pb

from services.chassis.calls import Call
from services.chassis.door import Door, door
from services.chassis.errors import Invalid
from services.chassis.server import Server, Size
from services.chassis.settings import DoorSettings
from services.chassis.telemetry.metrics import Metrics
from services.chassis.telemetry.traces import Passing

SERVICE = "rostrum.director.v1.Media"


@dataclass
class Room:
    """What the service was asked, and how it answers."""

    calls: list[Call] = field(default_factory=list)
    answer: object = None
    """An error to raise, or a function of request and call."""
    received: list[int] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)

    def get_upload(self, request: pb.GetUploadRequest, call: Call) -> pb.GetUploadResponse:
        self.calls.append(call)
        if isinstance(self.answer, Exception):
            raise self.answer
        if callable(self.answer):
            self.answer(request, call)
        return pb.GetUploadResponse(received_bytes=len(request.digest))

    def upload(self, requests: Iterator[pb.UploadRequest], call: Call) -> pb.UploadResponse:
        self.calls.append(call)
        total = 0
        for request in requests:
            total += len(request.data)
            self.received.append(total)
        return pb.UploadResponse(size_bytes=total)

    def download(self, request: pb.DownloadRequest, call: Call) -> Iterator[pb.DownloadResponse]:
        self.calls.append(call)
        if not request.digest:
            raise Invalid("digest", "FIELD_REQUIRED", "say which")
        try:
            for letter in request.digest:
                yield pb.DownloadResponse(data=letter.encode())
            while request.offset_bytes and not call.stopped.wait(0.01):
                pass
        finally:  # one who leaves between two letters ends it at the first `yield`
            self.leave.set()

    def door(self) -> Door:
        functions = {
            "GetUpload": self.get_upload,
            "Upload": self.upload,
            "Download": self.download,
        }
        return door(pb.DESCRIPTOR.services_by_name["Media"], functions)


def serve(room: Room, size: Size | None = None, **settings: object) -> Server:
    doors, size = [room.door()], size or Size(threads=4, streams=4)
    server = Server(doors, DoorSettings(**settings), Metrics("test"), Passing(), size)
    server.start()
    server.set_serving(serving=True)
    return server


def ask(channel: grpc.Channel, method: str, data: bytes, seconds: float | None = 5.0) -> bytes:
    """Call with bytes as they are."""
    call = channel.unary_unary(f"/{SERVICE}/{method}")
    return call(data, timeout=seconds)


def get_upload(channel: grpc.Channel, digest: str = "abc", seconds: float | None = 5.0) -> int:
    data = ask(
        channel, "GetUpload", pb.GetUploadRequest(digest=digest).SerializeToString(), seconds
    )
    return pb.GetUploadResponse.FromString(data).received_bytes


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path

    def credentials(self, ca: Path) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(
            ca.read_bytes(), self.key.read_bytes(), self.certificate.read_bytes()
        )


class Authority:
    """Vouches for servers and callers."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(_pem(self._certificate(self._name, self._key, ca=True)))

    def vouch(self, *names: str) -> Pair:
        """Return a certificate for 127.0.0.1 whose subject has these common names."""
        key = ec.generate_private_key(ec.SECP256R1())
        said = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
        stem = f"{self.certificate.stem}-{'-'.join(names).replace('/', '') or 'nobody'}"
        pair = Pair(self._folder / f"{stem}.pem", self._folder / f"{stem}-key.pem")
        pair.certificate.write_bytes(_pem(self._certificate(said, key, ca=False)))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return pair

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            here = x509.DNSName("localhost")
            builder = builder.add_extension(x509.SubjectAlternativeName([here]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
