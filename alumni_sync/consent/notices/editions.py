"""Editions of a notice: the files that legal owns, read and checked as a whole.

An edition is a folder `rules/notices/<id>/<version>/`: `manifest.yaml`, the text `<language>.md`,
form labels `form/<language>.yaml` and mails `mail/<language>.yaml`. A language is complete and says
what the first one says, or the edition does not load: consent given on a page that mixes languages
would not be informed. A locked edition (`alumni_sync.consent.notices.locks`) loads only unchanged.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import yaml
from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alumni_sync.consent.notices.completeness import differences, told_apart, unsaid, unsaid_to_some
from alumni_sync.consent.notices.locks import changes
from alumni_sync.consent.notices.states import FileStates, below
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.yaml_lines import plain_yaml

LABELS: Final = (
    "question", "community", "yes", "no", "later", "not_me", "name", "shown", "submit",
    "other_email", "not_before", "anew", "anew_no",
)  # fmt: skip
MUST_BE_SAID: Final = frozenset(
    {
        "controller", "contact", "recipient", "region", "validity_months", "proof_years",
        "close_days", "mails", "authority", "authority_url", "rules_url",
    }
)  # fmt: skip
"""What differs from one deployment to the next and has to be told; a text without it is refused."""
MAIL_VALUES: Final = frozenset(
    {"first_name", "closes", "until", "last", "changed", "lapsed", "day", "month", "year", "code"}
    | {"number", "asked", "due", "reason", "outcome", "answer"}  # about a request of the reader
)
"""What a mail's template may use beside the terms."""
WITH_BUTTON: Final = (
    "invitation", "reminder", "again", "renewal", "confirmation", "join", "join_question",
    "verify", "link",
)  # fmt: skip
BADGES: Final = frozenset(
    {ProfileField.MENTOR_BADGE, ProfileField.EXPERT_BADGE, ProfileField.RETIREE_BADGE}
)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_MONTHS: Final = 12
_Model = TypeVar("_Model", bound=BaseModel)


Words = str | Mapping[str, str]
"""One text for every language, or language → text (`sections.Words`)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a notice says about this deployment; nothing here is about the reader.

    Attributes:
        basis: contact basis by which the reader is asked.
        reply_days: working days within which requests are answered; 0 means a month.
        controllers: all who run the community together, and `arrangement`: what they have agreed
            on (GDPR Art. 26); both "" where one is responsible alone.
    """

    company: str
    controller: str
    contact: str
    recipient: Words
    region: str
    transfer: Words
    basis: str
    mails: int
    close_days: int
    defer_days: int
    validity_months: int
    proof_years: int
    authority: str
    authority_url: str
    rules_url: str
    jurisdiction: str = "eu"
    pause_months: int = 3
    notice_days: int = 30
    reply_days: int = 0
    controllers: str = ""
    arrangement: Words = ""

    def said_in(self, language: str) -> dict[str, Any]:
        """Return everything by name, worded for readers of `language`."""
        return {
            **{name: getattr(self, name) for name in self.__slots__},
            "recipient": in_language(self.recipient, language),
            "region": region_words(self.region, language),
            "transfer": in_language(self.transfer, language),
            "arrangement": in_language(self.arrangement, language),
        }


_REGIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "EU": {"pl": "UE", "ru": "ЕС"},  # noqa: RUF001 Cyrillic
    "EEA": {"de": "EWR", "pl": "EOG", "ru": "ЕЭЗ"},
}
"""What the two regions that have names of their own are called; a country's code is the same."""


def region_words(region: str, language: str) -> str:
    """Return what readers of a language call the region of a platform."""
    return _REGIONS.get(region, {}).get(language, region)


def in_language(words: Words, language: str) -> str:
    """Return words in a language; the first there are where it has none of its own."""
    if isinstance(words, str):
        return words
    return words.get(language) or next(iter(words.values()), "")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Manifest(_Frozen):
    """What an edition offers: languages (code → its own name), fields and purposes in order."""

    id: str
    version: str = Field(pattern=_VERSION.pattern)
    languages: dict[str, str] = Field(min_length=1)
    fields: tuple[ProfileField, ...]
    purposes: tuple[Purpose, ...]


class Label(_Frozen):
    """The words beside one box. `badge` is what a badge reads, for badges only."""

    label: str = Field(min_length=1)
    help: str = ""
    badge: str = ""


class FormTexts(_Frozen):
    """The words of the form in one language."""

    labels: dict[str, str]
    fields: dict[ProfileField, Label]
    purposes: dict[Purpose, Label]


class MailTexts(_Frozen):
    """One mail in one language; every string is a template."""

    subject: str
    lines: tuple[str, ...]
    link: str = ""
    after: tuple[str, ...] = ()
    list_fields: str = ""
    list_purposes: str = ""
    nothing: str = ""


class MailFile(_Frozen):
    """All mails of one language with what they share."""

    date: str
    months: tuple[str, ...] = Field(min_length=_MONTHS, max_length=_MONTHS)
    greeting: str
    greeting_unnamed: str
    unsubscribe: str
    sender: str
    invitation: MailTexts
    reminder: MailTexts
    again: MailTexts
    renewal: MailTexts
    confirmation: MailTexts
    goodbye: MailTexts
    rehired: MailTexts
    code: MailTexts
    verify: MailTexts
    address_changed: MailTexts
    link: MailTexts
    request_received: MailTexts
    request_extended: MailTexts
    request_answered: MailTexts
    join: MailTexts
    join_question: MailTexts


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """One version of a notice in all its languages, as its files stand now.

    Equal to itself only, so that what is made of it can be kept (`consent.notices.rendering`).
    """

    manifest: Manifest
    texts: Mapping[str, str]
    forms: Mapping[str, FormTexts]
    mails: Mapping[str, MailFile]

    def language(self, *wanted: str) -> str:
        """Return the first of `wanted` that this edition has (`pl-PL` finds `pl`), else its own."""
        for code in wanted:
            for candidate in (code, code.partition("-")[0].lower()):
                if candidate in self.manifest.languages:
                    return candidate
        return next(iter(self.manifest.languages))


def editions(rules: Path, notice_id: str) -> list[str]:
    """Return the versions of a notice below the `rules` directory, oldest first."""
    folder = rules / "notices" / notice_id
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [entry.name for entry in entries if _VERSION.fullmatch(entry.name)]
    found = [name for name in found if (folder / name / "manifest.yaml").is_file()]
    return sorted(found, key=_version_key)


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def load_edition(rules: Path, notice_id: str, version: str | None = None) -> Edition:
    """Load one edition of a notice; None takes the newest.

    Raises:
        ConfigError: there is none, a language is incomplete, or a text leaves out what must be
            said; all problems at once.
    """
    which = (rules, notice_id, version)
    kept = _STANDING.get(which)
    if kept is not None and kept[0].stand():
        return kept[1]
    edition = _found(rules, notice_id, version)
    folder = rules / "notices" / notice_id
    states = FileStates.of((*below(folder, deep=False), *below(folder / edition.manifest.version)))
    if len(_STANDING) >= _KEPT:
        _STANDING.clear()
    if _found(rules, notice_id, version) is edition:  # else it was changed while we looked
        _STANDING[which] = states, edition
    return edition


def _found(rules: Path, notice_id: str, version: str | None) -> Edition:
    """Look for an edition; read it unless it is as it was."""
    versions = editions(rules, notice_id)
    if not versions or (version is not None and version not in versions):
        where = rules / "notices" / notice_id
        raise ConfigError.of(str(where), f"there is no notice {notice_id} {version or ''}".strip())
    folder = rules / "notices" / notice_id / (version or versions[-1])
    state = sorted([*_state(folder), *_state(folder.parent, deep=False)])
    return _load(folder, notice_id, tuple(state))


def _state(folder: str | Path, *, deep: bool = True) -> Iterator[tuple[str, int, int]]:
    """Yield path, time and size of the files of a folder: looked at for every page, so quickly."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                found = entry.stat()
                yield entry.path, found.st_mtime_ns, found.st_size
            elif deep and entry.is_dir():
                yield from _state(entry.path)


_SOUND: Final[dict[str, Edition]] = {}
"""Editions that were read and checked, by the hash of their content."""
_KEPT: Final = 32
_STANDING: Final[dict[tuple[Path, str, str | None], tuple[FileStates, Edition]]] = {}
"""Editions that were asked for, with the state of all that decides which one that is."""


@lru_cache(maxsize=32)
def _load(folder: Path, notice_id: str, _state: tuple[tuple[str, int, int], ...]) -> Edition:
    """Load a folder once per state of its files: a page must not parse YAML at every request.

    A copy of a folder that was found sound is not checked once more (a rehearsal makes some).
    """
    try:
        content = _content(folder, notice_id)
    except OSError:  # which file it is, the check says
        return _checked(folder, notice_id)
    if content not in _SOUND:
        if len(_SOUND) >= _KEPT:
            _SOUND.clear()
        _SOUND[content] = _checked(folder, notice_id)
    return _SOUND[content]


def _content(folder: Path, notice_id: str) -> str:
    """Return a hash over everything that decides whether an edition loads."""
    digest = hashlib.sha256(f"{notice_id}/{folder.name}".encode())
    for path, _, size in sorted([*_state(folder), *_state(folder.parent, deep=False)]):
        digest.update(f"\0{Path(path).relative_to(folder.parent)}\0{size}\0".encode())
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def _checked(folder: Path, notice_id: str) -> Edition:
    """Read a folder and check all that stands in it; raises `ConfigError`."""
    problems = list(changes(folder))
    manifest = _read(folder / "manifest.yaml", Manifest, problems)
    if manifest is None:
        raise ConfigError(problems)
    if (manifest.id, manifest.version) != (notice_id, folder.name):
        problems.append(Problem(str(folder), "manifest.yaml names another notice or version"))
    texts: dict[str, str] = {}
    forms: dict[str, FormTexts] = {}
    mails: dict[str, MailFile] = {}
    for code in manifest.languages:
        form_path, mail_path = folder / "form" / f"{code}.yaml", folder / "mail" / f"{code}.yaml"
        texts[code] = _text(folder / f"{code}.md", problems)
        if form := _read(form_path, FormTexts, problems):
            forms[code] = form
            problems += _form_problems(form_path, form, manifest)
        if mail := _read(mail_path, MailFile, problems):
            mails[code] = mail
            problems += _mail_problems(mail_path, mail)
    edition = Edition(manifest, texts, forms, mails)
    problems += _apart(folder, edition)
    if problems:
        raise ConfigError(problems)
    return edition


def _apart(folder: Path, edition: Edition) -> Iterator[Problem]:
    """Yield where a language says something else than the first; what is missing was named."""
    model, *others = edition.manifest.languages
    for code in others:
        if (text := edition.texts[code]) and edition.texts[model]:
            yield from differences(folder / f"{code}.md", text, edition.texts[model], model)
        for kind, files in (("form", edition.forms), ("mail", edition.mails)):
            if code in files and model in files:
                path = folder / kind / f"{code}.yaml"
                here, there = (_by_place(files[name].model_dump()) for name in (code, model))
                yield from told_apart(path, here, there, model)


def _by_place(value: object, place: str = "") -> dict[str, str]:
    """Return every text that is not empty by where it stands: `invitation.lines.0`."""
    if isinstance(value, str):
        return {place: value} if value else {}
    inner = (
        value if isinstance(value, Mapping) else dict(enumerate(cast("Iterable[object]", value)))
    )
    found: dict[str, str] = {}
    for key, item in inner.items():
        found |= _by_place(item, f"{place}.{key}".lstrip("."))
    return found


def _read(path: Path, model: type[_Model], problems: list[Problem]) -> _Model | None:
    try:
        return model.model_validate(plain_yaml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = ".".join(map(str, problem["loc"]))
            problems.append(Problem(str(path), f"{where}: {problem['msg']}"))
    except FileNotFoundError:
        problems.append(Problem(str(path), "is missing", "a language is complete or not offered"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(Problem(str(path), f"cannot be read: {error}"))
    return None


def _text(path: Path, problems: list[Problem]) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems.append(Problem(str(path), "is missing", "a language is complete or not offered"))
        return ""
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"cannot be read: {error}"))
        return ""
    used = _used(path, text, problems)
    unknown = used - _TERMS
    problems += [Problem(str(path), f"uses the unknown value {name}") for name in sorted(unknown)]
    if used:  # else it does not even parse
        left_out = sorted(MUST_BE_SAID - used)
        problems += [Problem(str(path), f"does not say {name}") for name in left_out]
        problems += unsaid(path, text)
        problems += unsaid_to_some(path, text)
    return text


def _form_problems(path: Path, form: FormTexts, manifest: Manifest) -> Iterator[Problem]:
    missing = [f"labels.{name}" for name in LABELS if not form.labels.get(name)]
    missing += [f"fields.{name}" for name in manifest.fields if name not in form.fields]
    missing += [f"purposes.{name}" for name in manifest.purposes if name not in form.purposes]
    missing += [
        f"fields.{name}.badge"
        for name in BADGES & set(manifest.fields) & set(form.fields)
        if not form.fields[name].badge
    ]
    for name in missing:
        yield Problem(str(path), f"{name} is missing")
    problems: list[Problem] = []
    for text in form.labels.values():
        for name in sorted(_used(path, text, problems) - _TERMS):
            yield Problem(str(path), f"uses the unknown value {name}")
    yield from problems


def _mail_problems(path: Path, mail: MailFile) -> Iterator[Problem]:
    problems: list[Problem] = []
    for text in _by_place(mail.model_dump()).values():
        for name in sorted(_used(path, text, problems) - _TERMS - MAIL_VALUES):
            yield Problem(str(path), f"uses the unknown value {name}")
    yield from problems
    for kind in WITH_BUTTON:
        if not getattr(mail, kind).link:
            yield Problem(str(path), f"{kind}.link is missing", "the mail would have no button")


def _used(path: Path, text: str, problems: list[Problem]) -> frozenset[str]:
    """Return the names that a template uses; note what does not parse."""
    names, error = _names(text)
    if error:
        problems.append(Problem(str(path), f"does not parse: {error}"))
    return names


@lru_cache(maxsize=4096)  # editions differ in few of their texts
def _names(text: str) -> tuple[frozenset[str], str]:
    """Return the names that a template uses, and why it does not parse ("" if it does)."""
    try:
        tree = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True).parse(text)
    except TemplateError as error:
        return frozenset(), str(error)
    return frozenset(meta.find_undeclared_variables(tree)), ""


_TERMS: Final = frozenset(field.name for field in fields(Terms))
