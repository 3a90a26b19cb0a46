"""Who acts on the command line, and how acts on several things are reported."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from alumni_sync.cli.app import os_identity, show
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused

if TYPE_CHECKING:
    from alumni_sync.sections import PersonSection


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one act: done or refused, in a sentence."""

    subject: str
    done: bool
    said: str


def acting(people: "Sequence[PersonSection]", by: str | None) -> Identity:
    """Return who acts: the OS login where `people:` knows it, else a name nobody vouches for.

    `--by` names a user of `people:`. Only the login itself proves who somebody is; another name is
    taken as a claim, which is enough for one-person cases on this machine and for nothing else.

    Raises:
        click.BadParameter: `by` is neither the login nor a user of `people:`.
    """
    login, known = os_identity().user, {person.user for person in people}
    user = by or login
    if user != login and user not in known:
        raise click.BadParameter(f"{user} is not in `people:`", param_hint="--by")
    return Identity(user, verified=user == login and user in known)


def act_on_each(
    subjects: Iterable[str], act: Callable[[str], str], *, as_json: bool = False
) -> None:
    """Act on each subject, print a result for each, and end with 1 where one was refused.

    Args:
        subjects: case numbers or ids; one that is refused keeps no other from being done.
        act: does it and returns a sentence; raises `Refused`.
        as_json: print one list of results.
    """
    report_outcomes([_outcome(subject, act) for subject in subjects], as_json=as_json)


def report_outcomes(outcomes: Sequence[Outcome], *, as_json: bool = False) -> None:
    """Print a result for each act, and end with 1 where one was refused."""
    lines = [f"{'' if one.done else 'refused: '}{one.said}" for one in outcomes]
    show([_plain(one) for one in outcomes], lines, as_json=as_json)
    finish(Exit.DONE if all(one.done for one in outcomes) else Exit.REJECTED)


def _outcome(subject: str, act: Callable[[str], str]) -> Outcome:
    try:
        return Outcome(subject, done=True, said=act(subject))
    except Refused as refusal:
        return Outcome(subject, done=False, said=f"{subject}: {refusal}")


def _plain(outcome: Outcome) -> dict[str, object]:
    return {"subject": outcome.subject, "done": outcome.done, "said": outcome.said}
