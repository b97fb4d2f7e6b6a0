"""Opens what lies at an address: a folder, a bucket of any server that speaks S3, or memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from obstore.store import S3Store

from services.chassis.addresses import on_loopback
from services.chassis.blobs import Blobs
from services.chassis.errors import Invalid

if TYPE_CHECKING:  # typed dictionaries that obstore has in its stubs alone
    from obstore.store import ClientConfig, S3Config

ADDRESS: Final = re.compile(r"(file://|s3://|memory://)(.*)")
OPTIONS: Final = frozenset({
    "endpoint", "region", "access_key_id", "secret_access_key", "session_token",
    "virtual_hosted_style_request", "server_side_encryption", "sse_kms_key_id", "ca_file",
})  # fmt: skip
"""Names as AWS has them, and the PEM of who vouches for the server, where that is a private one."""
BRIEF: Final = timedelta(seconds=20)
"""For a block or a small blob."""
LENGTHY: Final = timedelta(minutes=10)
"""For writing 2 GiB, which is one request: only one request can be write-once."""
CONNECT: Final = timedelta(seconds=3)
RETRIES: Final = 2
RETRY_WITHIN: Final = timedelta(seconds=5)
"""No retry begins later; whoever asked tries again by a policy of its own."""


def open_place(url: str, options: Mapping[str, str]) -> Blobs:
    """Open file:///path, s3://bucket/prefix, or memory://.

    Raises Invalid for any other address, for options nobody knows, and for an endpoint in the open.
    """
    scheme, place = match.groups() if (match := ADDRESS.fullmatch(url)) else ("", "")
    if scheme == "memory://":
        return Blobs.in_memory()
    if scheme == "file://" and place.startswith("/"):
        return Blobs.in_folder(Path(place))
    if scheme == "s3://" and place:
        bucket, _, prefix = place.partition("/")
        return open_bucket(bucket, prefix.strip("/"), options)
    remedy = f"{url!r}: use file:///path or s3://bucket/prefix"
    raise Invalid("store_url", "STORE_URL_INVALID", remedy)


def open_bucket(bucket: str, prefix: str, options: Mapping[str, str]) -> Blobs:
    """Open the part of a bucket under a prefix; nothing is asked of the server yet.

    Without an endpoint it is AWS; without keys the platform's own credentials count (AWS_… in the
    environment, or its metadata service). Raises Invalid for options that nobody knows and for an
    endpoint that would carry media in the open.
    """
    if unknown := sorted(set(options) - OPTIONS):
        remedy = f"{', '.join(unknown)}: use {', '.join(sorted(OPTIONS))}"
        raise Invalid("store_options", "STORE_OPTION_UNKNOWN", remedy)
    brief, lengthy = (_store(bucket, prefix, options, time) for time in (BRIEF, LENGTHY))
    return Blobs(brief, bulk=lengthy)


def _store(bucket: str, prefix: str, options: Mapping[str, str], time: timedelta) -> S3Store:
    config = {name: value for name, value in options.items() if name != "ca_file"}
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=cast("S3Config", config | {"conditional_put": "etag"}),
        client_options=_client(options, time),
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_WITHIN},
    )


def _client(options: Mapping[str, str], time: timedelta) -> ClientConfig:
    client: ClientConfig = {"timeout": time, "connect_timeout": CONNECT}
    client["allow_http"] = _is_plain(options.get("endpoint", ""))
    if "ca_file" in options:
        client["root_certificate"] = Path(options["ca_file"]).read_bytes()
    return client


def _is_plain(endpoint: str) -> bool:
    """Return whether the endpoint is http on this machine. Raises Invalid for http elsewhere."""
    parts = urlsplit(endpoint)
    if not endpoint or parts.scheme == "https":
        return False
    if parts.scheme == "http" and on_loopback(parts.hostname or ""):
        return True
    remedy = f"{endpoint!r}: use https; plain http is for this machine alone"
    raise Invalid("store_options", "ENDPOINT_INSECURE", remedy)
