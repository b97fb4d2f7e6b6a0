"""A model server's door is open to the network with certificates alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.chassis.errors import Invalid
from services.models.serving import Door

KEY, CERTIFICATE = Path("key.pem"), Path("certificate.pem")


@pytest.mark.parametrize("half", [{"key": KEY}, {"certificate": CERTIFICATE}])
def test_half_a_pair_opens_no_door(half: dict[str, Path]) -> None:
    with pytest.raises(Invalid, match="DOOR_HALF_A_PAIR"):
        Door("127.0.0.1", 8001, **half)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "models.example"])
def test_a_door_to_the_network_is_encrypted(host: str) -> None:
    with pytest.raises(Invalid, match="DOOR_NOT_ENCRYPTED"):
        Door(host, 8001)
    Door(host, 8001, key=KEY, certificate=CERTIFICATE)
    Door("127.0.0.1", 8001)
