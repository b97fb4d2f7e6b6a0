"""Templates: the files a designer changes, read once."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml

from services.chassis.errors import Invalid
from services.compositing.domain.template import Template, check_name


@cache
def load(name: str) -> Template:
    """Return the template of that name. Raises Invalid where there is none or its file is wrong."""
    check_name(name)
    if name not in names():
        offered = ", ".join(names())
        raise Invalid("template", "TEMPLATE_UNKNOWN", f"{name!r} is not here: use {offered}")
    return Template.read(yaml.safe_load((_folder() / f"{name}.yaml").read_text(encoding="utf-8")))


def names() -> tuple[str, ...]:
    """Return the names of the templates that come with the package."""
    found = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def fingerprint() -> str:
    """Return name and digest of every template's file, for an engine's fingerprint."""
    digests = {name: sha256((_folder() / f"{name}.yaml").read_bytes()) for name in names()}
    return ",".join(f"{name}-{digest.hexdigest()[:12]}" for name, digest in digests.items())


def _folder() -> Traversable:
    return files("services.compositing") / "templates"
