"""Who calls: the one place that says whose team a call belongs to."""

from __future__ import annotations

import re
from typing import Final

import grpc

from services.chassis.errors import Invalid
from services.chassis.settings import TEAM

NAME: Final = re.compile(TEAM)


def check_team_name(team: str, field: str = "team") -> str:
    """Return a team's name. Raises Invalid for what is none."""
    if not NAME.fullmatch(team):
        remedy = "1 to 63 lower-case letters, digits and hyphens, no hyphen first"
        raise Invalid(field, "TEAM_INVALID", remedy)
    return team


class Callers:
    """Says which team calls: the common name of its certificate, or one fixed team."""

    def __init__(self, team: str, by_certificate: bool) -> None:
        self._team = check_team_name(team)
        self._by_certificate = by_certificate

    def team_of(self, context: grpc.ServicerContext) -> str:
        """Return the caller's team. Raises Invalid for a certificate that names none."""
        if not self._by_certificate:
            return self._team
        said = context.auth_context().get("x509_common_name", ())
        names = [bytes(name).decode(errors="replace") for name in said]
        if len(names) != 1 or not NAME.fullmatch(names[0]):
            remedy = "the common name of the certificate's subject must be a team's name"
            raise Invalid("certificate", "CERTIFICATE_TEAM_INVALID", remedy)
        return names[0]


def check_same_team(caller: str, said: str, field: str = "team") -> None:
    """Raise Invalid where a request names another team than the caller's own."""
    if said and said != caller:
        raise Invalid(field, "TEAM_MISMATCH", "leave it out, or give your own")
