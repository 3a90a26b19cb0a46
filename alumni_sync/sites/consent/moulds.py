"""The question's page, made once for all who are shown the same, with gaps for what is their own.

Such a page is three hundred texts and values through Jinja2, of which a dozen belong to the reader:
names, address, the values behind the boxes, the form's token. A mould is the page rendered with
gaps in their place; a page is the mould with its gaps filled, escaped as Jinja2 escapes.

A mould cannot hold anything of a person: everything that went into it is what it is found by, gaps
included. An attribute that somebody adds to the view makes a mould of its own, never a leak.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from typing import Final

from markupsafe import escape

from alumni_sync.consent.answers.view import ConsentView

_KEPT: Final = 200
"""Moulds at once: languages times offered fields times days on which a question closes."""
_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: in no text of ours, and no markup to escape
_GAP: Final = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_ATTRIBUTES: Final = tuple(attribute.name for attribute in fields(ConsentView))

Make = Callable[[ConsentView, str], str]
"""Renders the page of a view with a form's token."""


@dataclass(frozen=True, slots=True)
class _Mould:
    """Markup around gaps: `parts[i]` stands before what goes into the gap `gaps[i]`."""

    parts: tuple[bytes, ...]
    gaps: tuple[int, ...]
    end: bytes

    @classmethod
    def of(cls, markup: str) -> "_Mould":
        *pairs, end = _GAP.split(markup)
        parts, gaps = pairs[::2], pairs[1::2]
        return cls(tuple(part.encode() for part in parts), tuple(map(int, gaps)), end.encode())

    def filled(self, own: list[str]) -> bytes:
        given = [str(escape(value)).encode() for value in own]
        pieces = [piece for part, gap in zip(self.parts, self.gaps, strict=True)
                  for piece in (part, given[gap])]  # fmt: skip
        return b"".join((*pieces, self.end))


class Moulds:
    """The moulds of one site."""

    def __init__(self) -> None:
        """Start without any."""
        self._made: dict[tuple[object, ...], _Mould] = {}

    def page(self, shown: ConsentView, token: str, said: tuple[str, ...], make: Make) -> bytes:
        """Return the page that `make` would render.

        Args:
            shown: a view without current choices; their page has no mould.
            token: the form's, different on every page.
            said: whatever else `make` says on the page.
            make: must use nothing but its arguments and `said`.
        """
        shape, own = _without_person(shown, token)
        key = (*said, *(_hashable(getattr(shape, name)) for name in _ATTRIBUTES))
        mould = self._made.get(key)
        if mould is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            mould = self._made[key] = _Mould.of(make(shape, _gap(0)))
        return mould.filled(own)


def _without_person(shown: ConsentView, token: str) -> tuple[ConsentView, list[str]]:
    """Return a view with gaps, and what goes into each of them."""
    own = [token]

    def gap(value: str) -> str:
        """Return the gap for a value; none for an empty one, whose place a page may leave out."""
        if value:
            own.append(value)
        return _gap(len(own) - 1) if value else ""

    shape = replace(
        shown,
        invitation_id="",
        version=0,
        first_name=gap(shown.first_name),
        full_name=gap(shown.full_name),
        masked_email=gap(shown.masked_email),
        fields=tuple(replace(field, value=gap(field.value)) for field in shown.fields),
        closes_at=_day(shown.closes_at),
        resting=replace(
            shown.resting,
            pending_email=gap(shown.resting.pending_email),
            pending_until=_day(shown.resting.pending_until),
        ),
        sessions_from=None,
    )
    return shape, own


def _gap(number: int) -> str:
    return f"{_OPEN}{number}{_CLOSE}"


def _day(moment: datetime | None) -> datetime | None:
    """Return the beginning of the day, which is all that a page says."""
    return None if moment is None else datetime.combine(moment.date(), time(), moment.tzinfo)


def _hashable(value: object) -> object:
    return tuple(value.items()) if isinstance(value, Mapping) else value
