"""The certificates of a door: read at each handshake, so that renewed ones are taken up at once."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from services.chassis.errors import Invalid
from services.chassis.settings import DoorSettings


def server_credentials(settings: DoorSettings) -> grpc.ServerCredentials | None:
    """Return a door's credentials; None where its settings name no certificate.

    Raises Invalid for files that are no certificate, no key, or do not belong together.
    """
    certificate, key, ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if certificate is None or key is None:
        return None
    _check(certificate, key, ca)
    current = _Current(certificate, key, ca)
    return grpc.dynamic_ssl_server_credentials(
        current.configuration(),
        current.renewed,  # type: ignore[arg-type]  # None is right: "as before"
        require_client_authentication=ca is not None,
    )


class _Current:
    def __init__(self, certificate: Path, key: Path, ca: Path | None) -> None:
        self._files = [each for each in (certificate, key, ca) if each is not None]
        self._certificate, self._key, self._ca = certificate, key, ca
        self._read_at = self._changed_at()

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (self._key.read_bytes(), self._certificate.read_bytes())
        root = self._ca.read_bytes() if self._ca is not None else None
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=root)

    def renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return the files' content where they changed since they were read; None: as before."""
        try:
            if (changed_at := self._changed_at()) == self._read_at:
                return None
            _check(self._certificate, self._key, self._ca)
            configuration = self.configuration()
        except (OSError, Invalid):
            return None  # half written, or one of two so far: the old ones hold until both fit
        self._read_at = changed_at
        return configuration

    def _changed_at(self) -> list[int]:
        return [each.stat().st_mtime_ns for each in self._files]


def _check(certificate: Path, key: Path, ca: Path | None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        remedy = f"{certificate} and {key} do not belong together, or are not PEM: {error}"
        raise Invalid("ROSTRUM_TLS_CERTIFICATE", "SETTING_INVALID", remedy) from None
    try:
        if ca is not None:
            context.load_verify_locations(ca)
    except (ssl.SSLError, OSError) as error:
        remedy = f"{ca} holds no PEM certificate: {error}"
        raise Invalid("ROSTRUM_TLS_CLIENT_CA", "SETTING_INVALID", remedy) from None
