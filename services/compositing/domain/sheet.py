"""A sheet: what everything of one scene in one format is drawn with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.compositing.domain.box import Box
from services.compositing.domain.brand import Theme
from services.compositing.domain.measures import Aspect
from services.compositing.domain.template import Template
from services.compositing.domain.typesetting import Typesetter


@dataclass(frozen=True)
class Sheet:
    """Measures, colours and letters of one picture."""

    template: Template
    aspect: Aspect
    theme: Theme
    typesetter: Typesetter
    frame: Box
    """The whole picture, from (0, 0)."""
    scale: float
    """Pixels of the picture per pixel of the template's measures."""

    def suited(self, *texts: str) -> Sheet:
        """Return the sheet with the letters that suit these texts."""
        return replace(self, typesetter=self.typesetter.suited(texts))
