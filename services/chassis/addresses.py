"""Addresses of doors, "host:port": reading them, and knowing which ones leave the machine."""

from __future__ import annotations

import ipaddress


def split(address: str) -> tuple[str, int]:
    """Return host and port of "host:port" or "[v6]:port". Raises ValueError for anything else."""
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError("write it as host:port, for example 127.0.0.1:0 or [::1]:8443")
    if (":" in host and not bracketed) or any(c in "/@, \t" for c in host):
        raise ValueError("write it as host:port; an IPv6 host stands in brackets")
    return host.strip("[]"), int(port)


def on_loopback(host: str) -> bool:
    """Return whether what is sent to a host stays on this machine. Asks no name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def with_port(address: str, port: int) -> str:
    """Return an address with the port that it got, for one that asked for any free one."""
    return f"{address.rpartition(':')[0]}:{port}"
