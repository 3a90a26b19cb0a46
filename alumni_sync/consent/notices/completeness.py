"""What a notice has to say, and that every language says the same. Pure, over the files' texts.

A template marks where it says what the law wants: `{# says: withdrawal #}` before a sentence is not
printed, and tells whoever checks it where to look. A marker without words behind it counts for
nothing. Languages are compared by what a machine can compare: values, conditions, headings, lists.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from jinja2 import ChainableUndefined, meta
from jinja2.sandbox import SandboxedEnvironment

from alumni_sync.domain import ContactBasis
from alumni_sync.errors import Problem

ITEMS: Final[Mapping[str, str]] = {
    "controller": "who is responsible (GDPR 13(1)(a), 14(1)(a))",
    "contact": "how to reach them and their data protection officer (13(1)(b))",
    "purposes": "what the data are for (13(1)(c))",
    "legal_basis": "on which legal basis (13(1)(c))",
    "legitimate_interest": "which legitimate interest, where it is the basis (13(1)(d))",
    "address": "how we come by the address, and what allows us to ask there (13(1)(c), 14(2)(f))",
    "joint": "what controllers have agreed who run the community together (26(2))",
    "categories": "which data (14(1)(d))",
    "source": "where the data come from (14(2)(f))",
    "recipients": "who receives them (13(1)(e))",
    "transfer": "transfers out of the area and their safeguards (13(1)(f))",
    "retention": "how long they are kept (13(2)(a))",
    "voluntary": "that nobody has to, and what a no means (13(2)(e), 7(4))",
    "withdrawal": "that a yes can be withdrawn at any time (7(3), 13(2)(c))",
    "access": "the right to a copy (13(2)(b), 15)",
    "rectification": "the right to have them corrected (16)",
    "erasure": "the right to have them deleted (17)",
    "restriction": "the right to have their use restricted (18)",
    "portability": "the right to have them in a machine's form (20)",
    "objection": "the right to object to being written to (21)",
    "complaint": "the right to complain to an authority (13(2)(d))",
    "automated": "how rules take part in choosing, and that a person decides (13(2)(f), 22)",
}
"""Marker → what has to be said, with the article that wants it."""

ON_OUR_INTEREST: Final = frozenset(ContactBasis) - {ContactBasis.EXIT_FORM}
"""Bases on which we ask because we are interested to: which interest that is has to be said."""

_SHOWN: Final = re.compile(r"<<([a-z_,\s]+?)>>")
_MARKER: Final = re.compile(r"\{#-?\s*says:\s*([a-z_,\s]+?)\s*-?#\}")
_COMMENT: Final = re.compile(r"\{#.*?#\}", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"\{\{-?\s*(.+?)\s*-?\}\}")
_BLOCK: Final = re.compile(r"\{%-?\s*(.+?)\s*-?%\}")
_STRUCTURE: Final = {
    "headings": re.compile(r"(?m)^#+ "),
    "list entries": re.compile(r"(?m)^- "),
    "links": re.compile(r"\]\("),
}


def unsaid(path: Path, text: str) -> Iterator[Problem]:
    """Yield what a notice does not say, or marks with a word that means nothing."""
    marked: set[str] = set()
    for match in _MARKER.finditer(text):
        names = {name.strip() for name in match.group(1).split(",")}
        for name in sorted(names - ITEMS.keys()):
            known = ", ".join(ITEMS)
            yield Problem(str(path), f"marks {name}, which nobody asks for", f"known: {known}")
        if _has_words(text, match):
            marked |= names
    for name, what in ITEMS.items():
        if name not in marked:
            do = f"say it, with {{# says: {name} #}} before the sentence"
            yield Problem(str(path), f"does not say {what}", do)


def unsaid_to_some(path: Path, text: str) -> Iterator[Problem]:
    """Yield what those are not told who are asked on one particular basis.

    A condition may hide from them what others read, so the text is made for each of them in turn;
    and how we come by their address is another story for each.
    """
    shown = _as_shown(text)
    anywhere = set.union(*(_said_in(text) for text in shown.values()))
    for basis, its in shown.items():
        needed = anywhere - ({"legitimate_interest"} if basis not in ON_OUR_INTEREST else set())
        for name in sorted(needed - _said_in(its)):
            what = f"on the basis {basis.value} does not say {ITEMS.get(name, name)}"
            yield Problem(str(path), what, f'say it under {{% if basis == "{basis.value}" %}}')
        same = next(other for other, theirs in shown.items() if theirs == its)
        if same is not basis:
            what = f"tells whoever is asked on the basis {basis.value} what is true of {same.value}"
            yield Problem(str(path), what, f'say it under {{% if basis == "{basis.value}" %}}')


def _as_shown(text: str) -> dict[ContactBasis, str]:
    """Return the text as it is shown to whom each basis asks, with its markers to be seen."""
    seen = _MARKER.sub(lambda found: f"<<{found.group(1)}>>", text)
    environment = SandboxedEnvironment(undefined=ChainableUndefined, autoescape=True)
    template = environment.from_string(seen)
    words = dict.fromkeys(meta.find_undeclared_variables(environment.parse(seen)), "word")
    return {basis: template.render({**words, "basis": basis.value}) for basis in ContactBasis}


def _said_in(shown: str) -> set[str]:
    marks = _SHOWN.findall(shown)
    return {name.strip() for marked in marks for name in marked.split(",")}


def _has_words(text: str, match: re.Match[str]) -> bool:
    """Say whether there is a sentence between a marker and the next heading."""
    paragraph = re.split(r"\n\s*\n|\n#", text[match.end() :], maxsplit=1)[0]
    plain = _BLOCK.sub("", _COMMENT.sub("", paragraph))
    return any(letter.isalpha() for letter in plain)


def differences(path: Path, text: str, model: str, language: str) -> Iterator[Problem]:
    """Yield in what a text says other things than its model, the same text in `language`."""
    for kind, pattern in (("value", _PLACEHOLDER), ("condition", _BLOCK)):
        here, there = Counter(pattern.findall(text)), Counter(pattern.findall(model))
        for name in sorted(here.keys() ^ there.keys()):
            which = "has" if name in here else "lacks"
            yield Problem(str(path), f"{which} the {kind} {name}, other than {language}")
    for what, pattern in _STRUCTURE.items():
        numbers = len(pattern.findall(text)), len(pattern.findall(model))
        if numbers[0] != numbers[1]:
            told = f"has {numbers[0]} {what}, {language} has {numbers[1]}"
            yield Problem(str(path), told, "say the same in every language")


def told_apart(
    path: Path, strings: Mapping[str, str], model: Mapping[str, str], language: str
) -> Iterator[Problem]:
    """Yield labels or mail lines that are not in both languages, or use other values."""
    for key in sorted(strings.keys() ^ model.keys()):
        which = "has" if key in strings else "lacks"
        yield Problem(str(path), f"{which} {key}, other than {language}")
    for key in sorted(strings.keys() & model.keys()):
        for problem in differences(path, strings[key], model[key], language):
            yield Problem(problem.where, f"{key} {problem.what}", problem.do)
