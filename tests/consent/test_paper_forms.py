"""Forms that were printed: what becomes of those that never come back."""

import pytest
from sqlalchemy import select

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.paper.forms import list_forms
from alumni_sync.consent.paper.recorded import confirm_consent
from alumni_sync.errors import Refused
from alumni_sync.ledger.request_tables import RecordedAnswer
from alumni_sync.ledger.tables import t
from alumni_sync.membership.forgetting import forget_spells
from tests.consent.papers import SEC, printed, proposed
from tests.consent.world import World


def test_the_list_has_what_waits_for_people_first(desk_world: World) -> None:
    """A paper that lies on a desk is more urgent than one that is in the post."""
    post = printed(desk_world, desk_world.invited("anna"))
    desk = proposed(desk_world, desk_world.invited("ewa"))
    done = proposed(desk_world, desk_world.invited("ida"))
    confirm_consent(desk_world.d, done, 2, SEC)

    lines = list_forms(desk_world.d, ["acme-pl"])

    assert [(desk, "awaiting_second"), (post, "printed")] == [
        (one.number, one.state) for one in lines
    ]
    assert [] == list_forms(desk_world.d, ["acme-de"])


def test_what_is_forgotten_of_a_person_is_forgotten_on_forms(desk_world: World) -> None:
    """A job title that was let go everywhere else would live on in a form that never came back."""
    leaver, member = desk_world.invited("anna"), desk_world.invited("ewa")
    numbers = printed(desk_world, leaver), proposed(desk_world, leaver)
    kept = proposed(desk_world, member)
    confirm_consent(desk_world.d, kept, 2, SEC)
    desk_world.answer(leaver, Answer.NO)

    forget_spells(desk_world.d, [leaver.spell, member.spell])

    with desk_world.d.ledger.read() as connection:
        rows = connection.execute(select(t(RecordedAnswer)).order_by(t(RecordedAnswer).c.id)).all()
    states = {row.person_id: (row.state, row.sealed is None) for row in rows}
    assert {leaver.person: ("dropped", True), member.person: ("recorded", False)} == states
    assert [] == list_forms(desk_world.d, ["acme-pl"])
    for number in numbers:
        with pytest.raises(Refused, match="kept no longer"):
            confirm_consent(desk_world.d, number, 2, SEC)
