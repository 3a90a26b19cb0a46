"""What judges the leavers of one source: pack, audience, pilot, and the revision that names them.

There are three to ask for: the one that is active, the one that the files would make, and one of
the past. They differ only while a change waits for its release (see `publishing`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from alumni_sync.deployment import Deployment
from alumni_sync.eligibility.experts import load_experts
from alumni_sync.eligibility.language.pack import RulePack, revision_of
from alumni_sync.eligibility.revisions.content import RulesContent
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.ledger import rulebook
from alumni_sync.ledger.rulebook import RulesState

ANY_LIST: Final = "*"
"""Stands for the nominations while the list cannot be read: whoever was judged under any list is
not judged again because of it, and whoever is judged now is, once there is a list."""


@dataclass(frozen=True)
class Ruleset:
    """Everything that decides about the leavers of one source.

    Attributes:
        pack: the rule pack with built-in rules, audience and pilot.
        revision: hash of pack, mapping, audience and pilot; a decision names it.
        content: what it was made of.
        topics: hash of a person's employee number → what HR's list of experts says.
        share: the pilot's share of people; None where there is no pilot.
        nominations: hash of `topics`; no part of the revision, for it makes nobody eligible.
        list_problems: why the list of experts cannot be used; then nobody is on it.
    """

    source: str
    pack: RulePack
    revision: str
    timezone: ZoneInfo
    content: RulesContent = field(repr=False)
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    nominations: str = ""
    list_problems: tuple[Problem, ...] = ()

    def today(self, now: datetime) -> date:
        """Return the civil day at the source's site."""
        return now.astimezone(self.timezone).date()

    @property
    def share(self) -> float | None:
        """Return the pilot's share of people; None where there is no pilot."""
        return self.content.share

    @cached_property
    def mark(self) -> str:
        """Return what a spell keeps of who judged it: with another one it is judged again."""
        return f"{self.revision}:{self.nominations}"


def load_ruleset(d: Deployment, source: str) -> Ruleset:
    """Return what judges the leavers of `source`: the active revision.

    Until there is one, it is what the files say. It does without a list of experts that cannot be
    used: see `Ruleset.list_problems`.

    Raises:
        ConfigError: nothing is active yet and the files cannot be used.
    """
    with d.ledger.read() as connection:
        content = _active_content(connection, source)
    return ruleset_of(d, content) if content else candidate_ruleset(d, source, strict=False)


def candidate_ruleset(d: Deployment, source: str, *, strict: bool = True) -> Ruleset:
    """Return what the files say now, whether it is released or not.

    Args:
        d: the open deployment.
        source: whose.
        strict: the list of experts has to be usable too.

    Raises:
        ConfigError: the pack, a table, the mapping, the audience or the list of experts cannot be
            used; with file, line and what was expected.
    """
    found = ruleset_of(d, RulesContent.of_files(d.settings, source), from_files=True)
    if strict and found.list_problems:
        raise ConfigError(found.list_problems)
    return found


def kept_ruleset(d: Deployment, source: str, revision: str) -> Ruleset | None:
    """Return a revision of the past as it was; None where the ledger never kept it."""
    with d.ledger.read() as connection:
        row = rulebook.kept(connection, revision)
        if row is None or row.source != source:
            return None
        content = content_of(connection, source, row.parts)
    return ruleset_of(d, content)


def ruleset_of(d: Deployment, content: RulesContent, *, from_files: bool = False) -> Ruleset:
    """Return the ruleset that `content` makes.

    Args:
        d: the open deployment.
        content: of today, or of before.
        from_files: it is today's, so that its rules may name today's sources only.

    Raises:
        ConfigError: it cannot be used.
    """
    source, pack = content.source, content.rule_pack(d.settings if from_files else None)
    topics, nominations, problems = _nominated(d, source)
    revision = revision_of(
        {
            "source": source,
            "pack": pack.revision,
            "mapping": rulebook.sha256(content.mapping) if content.mapping else "",
            "share": content.share,
        }
    )
    return Ruleset(
        source=source,
        pack=pack,
        revision=revision,
        timezone=d.settings.sources[source].timezone,
        content=content,
        topics=topics,
        nominations=nominations,
        list_problems=problems,
    )


def content_of(connection: Connection, source: str, parts: Mapping[str, Any]) -> RulesContent:
    """Return what the ledger kept of a revision."""
    blobs = rulebook.blobs(connection, [*parts["files"].values(), parts["mapping"]])
    return RulesContent.of_parts(source, parts, blobs)


def _active_content(connection: Connection, source: str) -> RulesContent | None:
    for row in rulebook.standing(connection, [source]):
        if row.state == RulesState.ACTIVE:
            return content_of(connection, source, row.parts)
    return None


def _nominated(
    d: Deployment, source: str
) -> tuple[Mapping[str, tuple[str, ...]], str, tuple[Problem, ...]]:
    """Return what HR's list says, by the hash of the employee number; its hash; its problems.

    The list only gives flags: a slip in it must not stop runs, which are what removes people.
    """
    settings, digest = d.settings, d.ledger.hashes.digest
    if source not in settings.sources:
        raise ConfigError.of("sources", f"there is no source {source}")
    try:
        experts = load_experts(settings.experts, settings.sources).get(source, {})
    except ConfigError as error:
        return {}, ANY_LIST, tuple(error.problems)
    topics = {digest("employee", source, number): said for number, said in experts.items()}
    nominations = digest("experts", repr(sorted(topics.items())))[:8] if topics else ""
    return topics, nominations, ()
