"""Whether a source has people who can decide: a reviewer, and somebody else to be the second."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from alumni_sync.domain import Role
from alumni_sync.review.people.interests import authority_now
from alumni_sync.sections import PersonSection

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def who_is_missing(people: Sequence[PersonSection], sources: Collection[str]) -> Iterator[str]:
    """Yield the sources whose cases nobody rules on, or that lack another person for two.

    Args:
        people: who has a role; whoever has left is not among them.
        sources: of the configuration.
    """
    for source in sources:
        here = [person for person in people if person.covers(source)]
        first = {person.user for person in here if Role.REVIEWER in person.roles}
        second = {person.user for person in here if Role.SECOND in person.roles}
        if not first:
            yield f"{source}: `people:` has no reviewer, so its cases wait for ever"
        elif not second or len(first | second) == 1:
            yield f"{source}: `people:` has nobody else who could be the second of two"


def who_is_missing_now(d: "Deployment") -> Iterator[str]:
    """Yield the same at this moment, and who has left while `people:` still names them."""
    authority = authority_now(d)
    for user in sorted(authority.gone):
        yield f"people: {user} has left and has no role any more; take the entry out"
    yield from who_is_missing(authority.people, d.settings.sources)
