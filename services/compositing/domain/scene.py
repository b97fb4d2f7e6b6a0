"""A scene: a template with its data and brand, checked as a whole before a frame is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.chassis.errors import Invalid, Violation
from services.chassis.timeline import Bytes
from services.compositing.domain import brand as brands
from services.compositing.domain import content as contents
from services.compositing.domain.brand import Brand
from services.compositing.domain.content import Content, Notice
from services.compositing.domain.formats import Format, violations
from services.compositing.domain.layout import lay_out
from services.compositing.domain.template import Template
from services.compositing.domain.text import complaints
from services.compositing.domain.typesetting import Fonts, Typesetter


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything about a picture that does not move with the presenter."""

    template: Template
    data: Mapping[str, Any]
    """As content.Content describes it."""
    brand: Brand
    logo: Bytes | None = None
    """Logo picture (h, w, 4), RGBA with straight alpha."""

    def typesetter(self, fonts: Fonts) -> Typesetter:
        """Return what sets the scene's text: the brand's family, or else the template's."""
        known = self.brand.font in fonts.names
        return fonts.typesetter(self.brand.font if known else self.template.font)

    def content(self, fonts: Fonts) -> Content:
        """Return the data, checked and tidied. Raises Invalid: every mistake in data and brand."""
        wrong = list(brands.check(self.brand, self.template, fonts))
        try:
            content = contents.read(self.data, self.template, self.typesetter(fonts))
        except Invalid as error:
            raise Invalid.every([*error.violations, *wrong]) from None
        if wrong:
            raise Invalid.every(wrong)
        return content


def check_scene(scene: Scene, formats: Sequence[Format], script: str, fonts: Fonts) -> list[Notice]:
    """Return what could be better about a scene in some formats; nothing is drawn.

    script: the words that captions will show. Raises Invalid: every mistake at once, under the
    fields "data", "brand", "formats" and "script".
    """
    wrong = [*violations(formats), *_check_script(script, scene.typesetter(fonts))]
    try:
        content = scene.content(fonts)
    except Invalid as error:
        raise Invalid.every([*error.violations, *wrong]) from None
    if wrong:
        raise Invalid.every(wrong)
    notices = [*brands.notices(scene.brand, scene.template.palette)]
    for aspect in sorted({each.aspect for each in formats}):
        notices += _cut_in(scene, content, aspect, fonts)
    return notices


def _check_script(script: str, typesetter: Typesetter) -> Iterator[Violation]:
    """Yield what captions cannot show of the script, under the reasons that scripts have."""
    reasons = {"TEXT_CONTROL_CHARS": "SCRIPT_CONTROL_CHARS"}
    for found in complaints("script", script, typesetter):
        yield replace(found, reason=reasons.get(found.reason, found.reason))


def _cut_in(scene: Scene, content: Content, aspect: str, fonts: Fonts) -> Iterator[Notice]:
    """Yield what is cut short in one aspect."""
    template = scene.template
    typesetter = scene.typesetter(fonts).suited(text for _, text in content.texts())
    for laid in lay_out(content, template, aspect, typesetter):
        for notice in laid.notices:
            yield Notice(notice.reason, notice.field, f"in {aspect}, {notice.message}")
