"""A new edition of the notice is broken: nobody is asked on it, and whoever wants to leave can."""

from pathlib import Path
from shutil import copytree

import pytest

from alumni_sync.consent.answers.answer import Decided
from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.grants import live_grants
from alumni_sync.errors import ConfigError
from alumni_sync.privacy.erasure import erase
from tests.consent.world import BY_MAIL, RUN, World


def editions(world: World) -> Path:
    """Return the folder of the notice's editions."""
    return world.root / "rules" / "notices" / "alumni-community"


def break_a_new_edition(world: World) -> None:
    """Put a copy beside the edition in force, and forget a language."""
    folder = editions(world)
    copytree(folder / "1.0.0", folder / "2.0.0")
    (folder / "2.0.0" / "pl.md").unlink()


def test_nothing_keeps_somebody_in_who_wants_to_leave(any_world: World) -> None:
    """Leaving waits for nothing: no run, no platform, and no lawyer's file."""
    leaver = any_world.member()
    break_a_new_edition(any_world)

    assert "1.0.0" == any_world.shown(leaver).notice_version
    left = withdraw(any_world.d, any_world.invitation(leaver)["id"], None, BY_MAIL, "leave")

    assert isinstance(left, Decided)
    assert [] == list(live_grants(any_world.d))
    body = any_world.events(leaver)[-1]["body"]
    assert "1.0.0" == body["notice"]["version"]


def test_a_broken_pack_keeps_nobody_in_either(any_world: World) -> None:
    """Who edits a jurisdiction pack while the site runs must not shut the door from outside."""
    leaver = any_world.member()
    pack = any_world.root / "rules" / "jurisdictions" / "pl.yaml"
    pack.write_text("timers: {remind", encoding="utf-8")

    assert "given" == any_world.shown(leaver).state
    left = withdraw(any_world.d, any_world.invitation(leaver)["id"], None, BY_MAIL, "leave")

    assert isinstance(left, Decided)
    assert [] == list(live_grants(any_world.d))
    erase(any_world.d, leaver.person, by="dpo", reason="request", run_id=RUN, call_platform=False)
    assert "erased" == any_world.invitation(leaver)["state"]
    any_world.leaver("jan")
    with pytest.raises(ConfigError):
        any_world.plan()


def test_nobody_is_asked_on_it(world: World) -> None:
    """A language that is missing is said to whoever runs it, and to nobody else."""
    world.leaver()
    break_a_new_edition(world)

    with pytest.raises(ConfigError, match=r"pl\.md"):
        world.plan()


def test_without_any_edition_there_is_no_page(world: World) -> None:
    """What cannot be shown cannot be proven."""
    leaver = world.member()
    (editions(world) / "1.0.0" / "pl.md").unlink()

    with pytest.raises(ConfigError):
        world.shown(leaver)
