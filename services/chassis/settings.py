"""What an operator may turn: environment first, then a YAML file; every mistake said at once.

A room's settings are a class that derives from one of these. `BusSettings` and `StoreSettings` are
what a part of a service needs: a function that takes one takes any `ServiceSettings`.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from services.chassis.addresses import on_loopback, split
from services.chassis.errors import Invalid, Violation

PREFIX: Final = "ROSTRUM_"
FILE: Final = f"{PREFIX}SETTINGS"
TEAM: Final = r"[a-z0-9][a-z0-9-]{0,62}"
REASONS: Final[Mapping[str, str]] = {
    "missing": "SETTING_REQUIRED",
    "extra_forbidden": "SETTING_UNKNOWN",
}


class Settings(BaseSettings):
    """Read once, in main; each field is ROSTRUM_<FIELD>, or <field> in the file ROSTRUM_SETTINGS.

    A part of a service's settings passes over what the file says for other parts.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    @classmethod
    def read(cls, **given: object) -> Self:
        """Return the settings of the environment; what is given goes before it.

        Raises Invalid with everything that is wrong with them, each field by its variable's name.
        """
        check_file()
        try:
            return cls(**given)
        except ValidationError as error:
            raise Invalid.every(map(_violation, error.errors())) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # pydantic names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from, the strongest first."""
        file = os.environ.get(FILE)
        return (
            init_settings,
            env_settings,
            *((YamlConfigSettingsSource(settings_cls, yaml_file=file),) if file else ()),
        )


def check_file() -> None:
    """Look at the settings file, if there is one. Raises Invalid where it is not a mapping."""
    if not (name := os.environ.get(FILE)):
        return
    try:
        content = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(FILE, "SETTINGS_FILE_UNREADABLE", f"{name}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(FILE, "SETTINGS_FILE_INVALID", f"{name}: {error}") from None
    if not isinstance(content, dict | None):
        raise Invalid(FILE, "SETTINGS_FILE_INVALID", f"{name}: write settings as `name: value`")


def misspelt(settings: Settings, variables: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each variable that looks like a setting and is none."""
    known = {f"{PREFIX}{name}".upper() for name in type(settings).model_fields} | {FILE}
    for variable in variables:
        if variable.startswith(PREFIX) and variable not in known:
            for meant in difflib.get_close_matches(variable, known, n=1, cutoff=0.9):
                yield f"{variable} is no setting; {meant} is"


def _violation(said: Any) -> Violation:  # noqa: ANN401  # pydantic's mapping
    name = str(said["loc"][0]) if said["loc"] else "settings"
    remedy = re.sub(r"^(Value|Assertion) error, ", "", said["msg"])
    reason = REASONS.get(said["type"], "SETTING_INVALID")
    return Violation(f"{PREFIX}{name}".upper(), reason, remedy)


def _listed(value: object) -> object:
    return (
        tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value
    )


def _mapped(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('write it as JSON, for example {"region": "eu-central-1"}') from None


def _address(value: str) -> str:
    split(value)
    return value


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"there is no file {value}")
    return value


Address = Annotated[str, AfterValidator(_address)]
ExistingFile = Annotated[Path, AfterValidator(_file)]


def _needs(info: ValidationInfo, other: str, why: str) -> None:
    if other in info.data and info.data[other] is None:
        raise ValueError(f"{PREFIX}{other.upper()} must be set too: {why}")


class BusSettings(Settings):
    """Where Kafka is, and how to get in."""

    broker_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka's security protocol; without SSL on loopback alone"
    )
    broker_ca: ExistingFile | None = Field(
        None, description="PEM file of who vouches for the brokers; unset: the system's"
    )
    broker_key: ExistingFile | None = Field(None, description="PEM file of our key, for mutual TLS")
    broker_certificate: ExistingFile | None = Field(
        None, description="PEM file of our certificate, for mutual TLS"
    )
    broker_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how to log in, with SASL"
    )
    broker_user: str = Field("", description="who logs in, with SASL")
    broker_password: SecretStr = Field(SecretStr(""), description="with which word, with SASL")
    brokers: Annotated[tuple[Address, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), description="Kafka's host:port, several with commas between"
    )
    session_timeout_ms: int = Field(
        15_000,
        ge=1_000,
        le=300_000,
        description="silence after which Kafka holds a reader for dead",
    )

    @field_validator("broker_certificate", mode="after")
    @classmethod
    def _our_certificate_has_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None:
            _needs(info, "broker_key", "a certificate is no use without its key")
        return value

    @field_validator("broker_user", mode="after")
    @classmethod
    def _login_has_user(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("broker_security", "").startswith("SASL"):
            raise ValueError("SASL needs a user")
        return value

    @field_validator("brokers", mode="after")
    @classmethod
    def _brokers_are_safe(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        afar = [broker for broker in value if not on_loopback(split(broker)[0])]
        if afar and "SSL" not in info.data.get("broker_security", "SSL").split("_"):
            raise ValueError(f"{afar[0]} is not this machine: set {PREFIX}BROKER_SECURITY with SSL")
        return value


class StoreSettings(Settings):
    """Where media lie."""

    store_url: str = Field(
        description="file:///folder or s3://bucket/prefix", pattern=r"^(file:///|s3://[^/]).*"
    )
    store_options: Annotated[Mapping[str, SecretStr], NoDecode, BeforeValidator(_mapped)] = Field(
        {}, description="S3 options as JSON, passed through: endpoint, region, keys …"
    )
    cache_folder: Path | None = Field(
        None, description="folder on this machine for what was read from S3; unset: none"
    )
    cache_bytes: ByteSize = Field(
        ByteSize(4 * 2**30), description="most that may lie there, for example 4GiB"
    )

    @property
    def plain_store_options(self) -> dict[str, str]:
        """The S3 options with their secrets laid open, for the store alone."""
        return {name: value.get_secret_value() for name, value in self.store_options.items()}


class DoorSettings(Settings):
    """The gRPC door: where it is, who may come in, and how much of it."""

    tls_key: ExistingFile | None = Field(None, description="PEM file of the door's key")
    tls_certificate: ExistingFile | None = Field(
        None, description="PEM file of the door's certificate; unset: plaintext, on loopback alone"
    )
    tls_client_ca: ExistingFile | None = Field(
        None, description="PEM file of who vouches for callers; set: callers need a certificate"
    )
    listen: Address = Field("127.0.0.1:0", description="host:port of the gRPC door; 0: any free")
    team: str = Field(
        "house", pattern=f"^{TEAM}$", description="team of callers without a certificate"
    )
    reflection: bool = Field(
        default=False, description="whether the door tells what it can be asked"
    )
    calls_per_second: PositiveFloat = Field(
        2_000.0, description="most calls of one team; beyond it RATE_LIMITED"
    )
    longest_call_seconds: PositiveFloat = Field(
        900.0, description="deadline of calls that come without one, and the longest allowed"
    )

    @field_validator("tls_certificate", mode="after")
    @classmethod
    def _door_certificate_has_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None:
            _needs(info, "tls_key", "a certificate is no use without its key")
        return value

    @field_validator("tls_client_ca", mode="after")
    @classmethod
    def _callers_need_tls(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None:
            _needs(info, "tls_certificate", "callers show certificates over TLS alone")
        return value

    @field_validator("listen", mode="after")
    @classmethod
    def _plaintext_stays_here(cls, value: str, info: ValidationInfo) -> str:
        if not on_loopback(split(value)[0]):
            _needs(info, "tls_certificate", "plaintext is served on loopback alone")
            _needs(info, "tls_client_ca", "callers from elsewhere are known by their certificates")
        return value


class SightSettings(Settings):
    """What a service shows of itself."""

    ops_listen: Address = Field(
        "127.0.0.1:0", description="host:port of /metrics, /livez and /readyz; 0: any free"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least that is logged"
    )
    traces: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="OTLP/gRPC endpoint for traces, for example http://127.0.0.1:4317; empty: off",
    )


class ServiceSettings(BusSettings, StoreSettings, DoorSettings, SightSettings):
    """What every service has; a key of the file that is none of these is an error."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    drain_seconds: float = Field(
        30.0, ge=0, le=3600, description="time after SIGTERM to end what is in hand"
    )


class StageSettings(ServiceSettings):
    """What the services of stages have besides."""

    worker: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,63}$", description="its name; empty: made up at start"
    )
    slots: PositiveInt = Field(1, le=64, description="tasks at a time, both doors together")
    recycle_tasks: int = Field(
        200, ge=0, description="tasks after which a work process is replaced; 0: never"
    )
    memory_bytes: ByteSize = Field(
        ByteSize(0), description="most that a work process may take, for example 3GiB; 0: any"
    )
    progress_seconds: PositiveFloat = Field(
        5.0, le=60, description="between two reports on a task, and two of the worker's own"
    )
    scratch: Path | None = Field(
        None, description="folder of this process alone, emptied at start; unset: a new one"
    )
