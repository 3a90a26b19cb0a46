"""Which texts a pack can tell apart: one for every combination of patterns that some text can have.

Exact: the patterns run side by side over all texts at once, as a small automaton, so that two
patterns that no text fits both are never said to meet. Text is as the evaluator compares it: in one
case, without blanks at its ends, and never empty (an empty cell is unknown).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from alumni_sync.eligibility.evaluation.columns import fold
from alumni_sync.eligibility.language.clauses import Contains, Leaf, Matches, OneOf
from alumni_sync.eligibility.lint.diagrams import TooLarge

MOST_STATES: Final = 6_000
_ANY: Final = None
"""The token for any one character; a text of one character is that character."""

_Token = str | None
_State = tuple[tuple[int, ...], str | None, bool]
"""Positions in each pattern, the literal prefix read so far (None: no literal begins so), and
whether the last character is a blank."""


@dataclass(frozen=True, slots=True)
class _Glob:
    """A pattern: characters, and which of the places between them may hold any text."""

    tokens: tuple[_Token, ...]
    loose: int

    def advance(self, positions: int, char: str) -> int:
        """Return the places that can be reached from `positions` by one more character."""
        reached = positions & self.loose
        for place, token in enumerate(self.tokens):
            if positions >> place & 1 and (token is _ANY or token == char):
                reached |= 1 << (place + 1)
        return reached

    def accepts(self, positions: int) -> bool:
        """Say whether the text may end here."""
        return bool(positions >> len(self.tokens) & 1)


def distinct_texts(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """Return texts of which any other text is, for every one of `leaves`, like one of them.

    The first is the plainest; values that a rule names stand as they are written there.

    Raises:
        TooLarge: the patterns combine in too many ways.
    """
    named: dict[str, str] = {}
    globs: list[_Glob] = []
    for leaf in leaves:
        match leaf:
            case OneOf(_, values):
                named |= {fold(value): value for value in values if isinstance(value, str)}
            case Contains(_, part):
                globs.append(_glob(part, wild=False, around=True))
            case Matches(_, pattern):
                globs.append(_glob(pattern, wild=True, around=False))
            case _:
                pass
    return (*_witnesses(list(dict.fromkeys(globs)), named), *named.values())


def _glob(text: str, *, wild: bool, around: bool) -> _Glob:
    tokens: list[_Token] = []
    loose = int(around)
    for char in fold(text):
        if wild and char == "*":
            loose |= 1 << len(tokens)
        else:
            tokens.append(_ANY if wild and char == "?" else char)
    return _Glob(tuple(tokens), loose | (around << len(tokens)))


def _witnesses(globs: Sequence[_Glob], named: Iterable[str]) -> Iterator[str]:
    """Yield a shortest text, none of `named`, for each combination of patterns that it may fit."""
    prefixes = _prefixes(named)
    whole = set(named)
    alphabet = sorted({token for glob in globs for token in glob.tokens if token is not _ANY})
    other = _another(set(alphabet) | {char for text in whole for char in text})
    if not globs:
        yield other
        return
    start: _State = (tuple(1 for _ in globs), "", True)
    waiting: list[tuple[_State, str]] = [(start, "")]
    seen = {start}
    moves: dict[tuple[int, int, str], int] = {}
    found: set[tuple[bool, ...]] = set()
    for (positions, prefix, blank), text in waiting:  # grows while it is walked through
        fits = tuple(glob.accepts(place) for glob, place in zip(globs, positions, strict=True))
        if text and not blank and prefix not in whole and fits not in found:
            found.add(fits)
            yield text
        following = prefixes.get(prefix, ()) if prefix is not None else ()
        for char in dict.fromkeys((other, *alphabet, *following)):
            if not text and char.isspace():
                continue
            state: _State = (
                tuple(_moved(moves, globs, n, place, char) for n, place in enumerate(positions)),
                prefix + char if prefix is not None and char in following else None,
                char.isspace(),
            )
            if state not in seen:
                seen.add(state)
                waiting.append((state, text + char))
        if len(seen) > MOST_STATES:
            raise TooLarge


def _moved(
    moves: dict[tuple[int, int, str], int],
    globs: Sequence[_Glob],
    number: int,
    positions: int,
    char: str,
) -> int:
    """Return where a pattern stands after one more character; each move is worked out once."""
    key = (number, positions, char)
    if key not in moves:
        moves[key] = globs[number].advance(positions, char)
    return moves[key]


def _prefixes(named: Iterable[str]) -> dict[str, list[str]]:
    """Return each beginning of a named text with the characters that may follow it."""
    found: dict[str, dict[str, None]] = {}
    for text in named:
        for end, char in enumerate(text):
            found.setdefault(text[:end], {})[char] = None
    return {prefix: list(chars) for prefix, chars in found.items()}


def _another(used: set[str]) -> str:
    """Return a character that no pattern and no value has."""
    letters = "xqyzjkvw" + "".join(map(chr, range(ord("a"), ord("z") + 1)))
    more = (chr(code) for code in range(0x4E00, 0x9FFF))  # no case, no blanks
    return next(char for group in (letters, more) for char in group if char not in used)
