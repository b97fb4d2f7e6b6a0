"""A client of the director's doors, Production and Media, for programs in Python."""

from services.client.connection import TLS
from services.client.errors import RostrumError, Violation
from services.client.patience import Patience
from services.client.rostrum import Rostrum

__all__ = ["TLS", "Patience", "Rostrum", "RostrumError", "Violation"]
