"""A source is taken out of the configuration while people of it can still answer, or leave."""

import pytest

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.rounds.orphans import orphans, refuse_orphans
from alumni_sync.consent.rounds.timers import TimerCounts, react, run_timers
from alumni_sync.errors import ConfigError
from tests.consent.world import RUN, World
from tests.roster import company


def taken_out(world: World, source: str) -> None:
    """Take a source out of the configuration."""
    settings = company(world.root)
    kept = {name: one for name, one in settings.sources.items() if name != source}
    world.d.settings = settings.model_copy(update={"sources": kept})


def test_a_page_on_which_nobody_can_leave_is_not_served(any_world: World) -> None:
    """A member whose company was forgotten in a file would get an error where they withdraw."""
    any_world.member("anna")
    any_world.member("jan", source="acme-de", country="DE")
    refuse_orphans(any_world.d)

    taken_out(any_world, "acme-de")

    assert {"acme-de": 1} == orphans(any_world.d)
    with pytest.raises(ConfigError, match="1 of acme-de"):
        refuse_orphans(any_world.d)


def test_whoever_has_answered_for_good_holds_nothing_up(world: World) -> None:
    """A site that was closed years ago must not stay in the file for ever."""
    leaver = world.invited(source="acme-de", country="DE")
    world.answer(leaver, Answer.NO)
    taken_out(world, "acme-de")

    assert {} == orphans(world.d)
    refuse_orphans(world.d)


def test_their_time_runs_out_all_the_same(world: World) -> None:
    """An end that waits for a file to be mended is no end."""
    member = world.member("anna", source="acme-de", country="DE")
    world.invited("jan", source="acme-de", country="DE")
    taken_out(world, "acme-de")
    world.later(days=731)

    assert TimerCounts(closed=1, ended=1) == run_timers(world.d, RUN)
    assert 0 == react(world.d, RUN).revoked
    assert "expired" == world.invitation(member)["state"]
