"""A job posting: what a board says of a job, checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Salary:
    """What is paid; either bound may be missing, not both."""

    least: float | None
    most: float | None
    currency: str
    """ISO 4217 code."""
    period: str
    """As it is spoken, "a year"; empty where nobody said."""


@dataclass(frozen=True)
class Posting:
    """A checked job posting. What is empty was not said."""

    title: str
    company: str = ""
    location: str = ""
    salary: Salary | None = None
    skills: tuple[str, ...] = ()
    employment: str = ""
    """Kind, for example "full-time" or "internship"."""
    workplace: str = ""
    """"remote", "hybrid" or "on site"."""
    benefits: tuple[str, ...] = ()
    apply_url: str = ""
    deadline: date | None = None
    description: str = ""
    """Plain text."""
    industry: str = ""
