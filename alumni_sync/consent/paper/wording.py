"""What stands on paper: the exit form's question for a private address, and letters by post.

An address in a file proves nothing. What proves something is which text stood above the line into
which a leaver wrote it; so every text has a number of its own, made from its exact words.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alumni_sync.consent.notices.editions import Terms
from alumni_sync.consent.notices.exact import exact_text, sha256
from alumni_sync.consent.notices.rendering import render_plain
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.yaml_lines import plain_yaml

MUST_BE_SAID: Final = frozenset({"controller", "contact", "mails", "authority", "authority_url"})
"""What GDPR Article 13 wants to be told where an address is collected, as far as it varies."""
LETTER_VALUES: Final = frozenset({"first_name", "closes"})
"""What a letter may use beside the terms."""
_TERMS: Final = frozenset(field.name for field in fields(Terms))
_DIGITS: Final = 8


class ExitTexts(BaseModel):
    """The words of the exit form in one language; every string is a template."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    lines: tuple[str, ...] = Field(min_length=1)
    points: tuple[str, ...] = Field(min_length=1)
    rights: str
    name: str
    email: str
    date: str
    scan: str
    desk: str


class LetterTexts(BaseModel):
    """The words of a letter in one language; every string is a template."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    greeting: str
    greeting_unnamed: str
    lines: tuple[str, ...] = Field(min_length=1)
    link: str
    scan: str
    after: tuple[str, ...] = Field(min_length=1)
    sender: str


class PaperFile(BaseModel):
    """`paper/<language>.yaml` of an edition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exit: ExitTexts
    letter: LetterTexts


@dataclass(frozen=True, slots=True)
class Handout:
    """One text for HR to hand out.

    Attributes:
        evidence_id: what HR writes beside the address (`contact_text`); other words, another id.
        said: the words, rendered.
        text: all of them as plain text; what is hashed and kept.
        link: the public notice, as the code opens it.
    """

    source: str
    language: str
    controller: str
    evidence_id: str
    said: ExitTexts
    text: str
    sha256: str
    link: str


@dataclass(frozen=True, slots=True)
class LetterValues:
    """What one letter says about its reader; `closes` as people of its language write a day."""

    language: str
    employee_number: str
    name: str
    first_name: str
    link: str
    closes: str


def load_paper(folder: Path, language: str) -> PaperFile:
    """Read the paper texts of an edition's folder.

    Raises:
        ConfigError: they are missing, use an unknown value, or leave out what must be said; all
            problems at once.
    """
    path = folder / "paper" / f"{language}.yaml"
    try:
        texts = PaperFile.model_validate(plain_yaml(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError.of(
            str(path), "is missing", "the exit form is needed in every language of the notice"
        ) from None
    except ValidationError as error:
        raise ConfigError(
            [
                Problem(str(path), f"{'.'.join(map(str, each['loc']))}: {each['msg']}")
                for each in error.errors(include_url=False)
            ]
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError.of(str(path), f"cannot be read: {error}") from None
    if problems := list(_problems(path, texts)):
        raise ConfigError(problems)
    return texts


def _problems(path: Path, texts: PaperFile) -> Iterator[Problem]:
    parts = (
        ("exit", texts.exit, MUST_BE_SAID | {"close_days"}, _TERMS),
        ("letter", texts.letter, MUST_BE_SAID | {"closes"}, _TERMS | LETTER_VALUES),
    )
    for name, part, must, known in parts:
        try:
            used = _used(part)
        except TemplateError as error:
            yield Problem(str(path), f"{name} does not parse: {error}")
            continue
        for value in sorted(used - known):
            yield Problem(str(path), f"{name} uses the unknown value {value}")
        for value in sorted(must - used):
            yield Problem(str(path), f"{name} does not say {value}")


def _used(texts: BaseModel) -> set[str]:
    found: list[str] = []
    for value in texts.model_dump().values():
        found += [value] if isinstance(value, str) else value
    environment = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    return meta.find_undeclared_variables(environment.parse("\n".join(found)))


def handout(
    texts: PaperFile, terms: Terms, *, source: str, language: str, version: str, link: str
) -> Handout:
    """Return the exit form of one source in one language; the same words give the same bytes."""
    said = ExitTexts.model_validate(rendered(texts.exit, terms.said_in(language)))
    lines = [said.title, "", *_spaced(said.lines), *(f"- {point}" for point in said.points)]
    lines += ["", said.rights, "", *(f"{label}:" for label in (said.name, said.email, said.date))]
    text = exact_text("\n".join([*lines, "", f"{said.scan}: {link}"]))
    digest = sha256(text.encode())
    evidence_id = f"exit-{source}-{language}-{version}-{digest[:_DIGITS]}"
    return Handout(source, language, terms.controller, evidence_id, said, text, digest, link)


def rendered(texts: BaseModel, values: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """Return every string of `texts` with its variables filled in."""
    return {
        name: render_plain(said, values)
        if isinstance(said, str)
        else tuple(render_plain(each, values) for each in said)
        for name, said in texts
    }


def _spaced(lines: tuple[str, ...]) -> list[str]:
    return [part for line in lines for part in (line, "")]
