"""What people have asked of us holds: kept and not used means hidden, erased means no word left."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tests.invariants.violation import Violation
from tests.invariants.world import World, instant

HIDE_WITHIN: Final = timedelta(minutes=15)
_WORDS: Final = ("subject_request", "subject_request_event", "join_request")


def nobody_restricted_is_visible(world: World) -> Iterator[Violation]:
    """I2: whose data may only be kept (GDPR Art. 18) is not shown to anybody."""
    memberships = world.by("membership", "alumni_id")
    people = world.by("person", "id")
    for member in world.platform:
        membership = memberships.get(member.alumni_id)
        if membership is None or not member.visible:
            continue
        since = instant(people[membership["person_id"]]["restricted_at"])
        if since is not None and world.now > since + HIDE_WITHIN:
            yield Violation("I2", f"{member.alumni_id} is visible although restricted")


def nobody_erased_has_words_left(world: World) -> Iterator[Violation]:
    """I9: of an erased person nothing is kept that they or we wrote about a request."""
    erased = {row["id"] for row in world.rows("person") if row["erased_at"]}
    for table in _WORDS:
        for row in world.rows(table):
            if row["person_id"] in erased and row["sealed"] is not None:
                yield Violation("I9", f"{table} {row['id']} has words of somebody erased")
