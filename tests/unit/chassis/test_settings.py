import os
from pathlib import Path

import pytest

from services.chassis import addresses
from services.chassis.errors import Invalid
from services.chassis.settings import BusSettings, ServiceSettings, StageSettings, misspelt


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ROSTRUM_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("ROSTRUM_STORE_URL", "file:///tmp/store")
    return monkeypatch


def complaints(settings: type[BusSettings]) -> dict[str, tuple[str, str]]:
    with pytest.raises(Invalid) as said:
        settings.read()
    return {v.field: (v.reason, v.remedy) for v in said.value.violations}


def write_file(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(text)
    monkeypatch.setenv("ROSTRUM_SETTINGS", str(path))


def test_a_service_starts_with_a_store_and_nothing_else(stored: pytest.MonkeyPatch) -> None:
    settings = StageSettings.read()
    assert (settings.listen, settings.ops_listen) == ("127.0.0.1:0", "127.0.0.1:0")
    assert (settings.team, settings.reflection, settings.traces) == ("house", False, "")


def test_every_mistake_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_STORE_URL", "ftp://there")
    monkeypatch.setenv("ROSTRUM_LISTEN", "8443")
    monkeypatch.setenv("ROSTRUM_SLOTS", "none")
    monkeypatch.setenv("ROSTRUM_TLS_KEY", "/no/such.pem")
    monkeypatch.setenv("ROSTRUM_TEAM", "News Desk")
    said = complaints(StageSettings)
    assert set(said) == {
        f"ROSTRUM_{name}" for name in ("STORE_URL", "LISTEN", "SLOTS", "TLS_KEY", "TEAM")
    }
    assert all(reason == "SETTING_INVALID" for reason, _ in said.values())


def test_what_is_missing_is_called_missing() -> None:
    assert complaints(ServiceSettings)["ROSTRUM_STORE_URL"][0] == "SETTING_REQUIRED"


def test_plaintext_does_not_leave_the_machine(stored: pytest.MonkeyPatch) -> None:
    stored.setenv("ROSTRUM_LISTEN", "0.0.0.0:8443")
    stored.setenv("ROSTRUM_BROKERS", "127.0.0.1:9092,kafka.example:9092")
    said = complaints(ServiceSettings)
    assert "ROSTRUM_TLS_CERTIFICATE" in said["ROSTRUM_LISTEN"][1]
    assert "kafka.example:9092" in said["ROSTRUM_BROKERS"][1]


def test_with_tls_a_door_may_open_to_the_network(
    stored: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TLS_KEY", "TLS_CERTIFICATE", "TLS_CLIENT_CA"):
        (tmp_path / name).touch()
        stored.setenv(f"ROSTRUM_{name}", str(tmp_path / name))
    stored.setenv("ROSTRUM_LISTEN", "[::]:8443")
    stored.setenv("ROSTRUM_BROKERS", "kafka.example:9093")
    stored.setenv("ROSTRUM_BROKER_SECURITY", "SSL")
    assert ServiceSettings.read().brokers == ("kafka.example:9093",)


def test_callers_from_elsewhere_must_show_who_they_are(
    stored: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("TLS_KEY", "TLS_CERTIFICATE"):
        (tmp_path / name).touch()
        stored.setenv(f"ROSTRUM_{name}", str(tmp_path / name))
    stored.setenv("ROSTRUM_LISTEN", "0.0.0.0:8443")
    assert "ROSTRUM_TLS_CLIENT_CA" in complaints(ServiceSettings)["ROSTRUM_LISTEN"][1]


def test_a_certificate_needs_its_key(stored: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "c.pem").touch()
    stored.setenv("ROSTRUM_TLS_CERTIFICATE", str(tmp_path / "c.pem"))
    stored.setenv("ROSTRUM_BROKER_CERTIFICATE", str(tmp_path / "c.pem"))
    assert set(complaints(ServiceSettings)) == {
        "ROSTRUM_TLS_CERTIFICATE",
        "ROSTRUM_BROKER_CERTIFICATE",
    }


def test_sasl_needs_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSTRUM_BROKER_SECURITY", "SASL_SSL")
    monkeypatch.setenv("ROSTRUM_BROKER_USER", "")
    assert set(complaints(BusSettings)) == {"ROSTRUM_BROKER_USER"}


def test_the_environment_goes_before_the_file(stored: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_file(tmp_path / "s.yaml", "team: papers\nslots: 3\nbrokers: [127.0.0.1:1]\n", stored)
    stored.setenv("ROSTRUM_TEAM", "radio")
    settings = StageSettings.read()
    assert (settings.team, settings.slots) == ("radio", 3)
    assert settings.brokers == ("127.0.0.1:1",)


def test_a_misspelt_key_of_the_file_is_an_error(stored: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_file(tmp_path / "s.yaml", "slotts: 3\n", stored)
    assert complaints(StageSettings)["ROSTRUM_SLOTTS"][0] == "SETTING_UNKNOWN"


def test_a_part_passes_over_what_the_file_says_for_others(
    stored: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_file(tmp_path / "s.yaml", "slots: 3\nbrokers: 127.0.0.1:1\n", stored)
    assert BusSettings.read().brokers == ("127.0.0.1:1",)


@pytest.mark.parametrize("text", ["- a\n- b\n", "{", "team: &a x\nother: *b\n", "\xff"])
def test_a_broken_file_is_named(stored: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "s.yaml").write_bytes(text.encode("latin-1"))
    stored.setenv("ROSTRUM_SETTINGS", str(tmp_path / "s.yaml"))
    assert complaints(ServiceSettings)["ROSTRUM_SETTINGS"][0] == "SETTINGS_FILE_INVALID"


def test_a_missing_file_is_not_passed_over(stored: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stored.setenv("ROSTRUM_SETTINGS", str(tmp_path / "none.yaml"))
    assert complaints(ServiceSettings)["ROSTRUM_SETTINGS"][0] == "SETTINGS_FILE_UNREADABLE"


def test_secrets_are_not_shown(stored: pytest.MonkeyPatch) -> None:
    stored.setenv("ROSTRUM_BROKER_PASSWORD", "hunter2")
    stored.setenv("ROSTRUM_STORE_OPTIONS", '{"secret_access_key": "hunter2", "region": "x"}')
    settings = ServiceSettings.read()
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.plain_store_options == {"secret_access_key": "hunter2", "region": "x"}


def test_broken_options_are_refused_without_repeating_them(stored: pytest.MonkeyPatch) -> None:
    stored.setenv("ROSTRUM_STORE_OPTIONS", "{secret: hunter2")
    said = complaints(ServiceSettings)
    assert set(said) == {"ROSTRUM_STORE_OPTIONS"}
    assert "hunter2" not in str(said)


def test_sizes_may_be_written_with_units(stored: pytest.MonkeyPatch) -> None:
    stored.setenv("ROSTRUM_CACHE_BYTES", "2GiB")
    assert ServiceSettings.read().cache_bytes == 2 * 2**30


def test_a_misspelt_variable_is_found(stored: pytest.MonkeyPatch) -> None:
    said = list(misspelt(BusSettings.read(), ["ROSTRUM_BROKRES", "ROSTRUM_TEST_KAFKA", "PATH"]))
    assert said == ["ROSTRUM_BROKRES is no setting; ROSTRUM_BROKERS is"]


@pytest.mark.parametrize("address", ["", "8443", ":8443", "host:", "host:x", "a:99999", "::1:80"])
def test_an_address_is_host_and_port(address: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        addresses.split(address)


def test_the_loopback_is_known_by_name_and_number() -> None:
    here = ["localhost", "127.0.0.1", "127.8.8.8", "::1"]
    assert all(map(addresses.on_loopback, here))
    assert not any(map(addresses.on_loopback, ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.com"]))
