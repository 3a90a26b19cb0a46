"""The invariants I1 to I9 (1-product), checked after any run by somebody who trusts nobody.

`assert_sound(config, now)` is what every scenario ends with; `check(world)` returns the violations.
The gates are worked out here once more, naively, from the ledger's raw rows and the chain's own
bytes: this package imports nothing of alumni_sync. `tables_digest` and `moved` serve I7 and I8,
which compare two moments.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.invariants import consent, intake, rights, secrecy, writes
from tests.invariants.violation import Violation
from tests.invariants.world import Member, World, look

Rule = Callable[[World], Iterator[Violation]]

RULES: Final[Sequence[Rule]] = (
    consent.nobody_without_a_grant_is_on_the_platform,
    consent.nobody_adverse_is_on_the_platform,
    consent.chain_is_whole,
    consent.nobody_is_asked_who_must_not_be,
    consent.nobody_is_asked_again,
    intake.every_spell_is_in_one_state,
    intake.counts_add_up,
    intake.failed_read_changed_nothing,
    rights.nobody_restricted_is_visible,
    rights.nobody_erased_has_words_left,
    secrecy.nothing_personal_stands_where_it_must_not,
    writes.every_write_names_its_reason,
    writes.every_mail_is_sent_once,
)


def check(world: World) -> list[Violation]:
    """Return every violation of an invariant that one moment can show."""
    return [violation for rule in RULES for violation in rule(world)]


def assert_sound(
    config: Path,
    now: datetime,
    *,
    platform: Sequence[Member] | None = None,
    also_watch: Sequence[Path] = (),
) -> World:
    """Look at a deployment and fail with every violation there is; return what was seen.

    Args:
        config: path of its `alumni_sync.yaml`.
        now: the instant by its clock.
        platform: who is on a platform that is not the embedded directory.
        also_watch: places outside its folder where nothing personal may stand (logs, DAGSTER_HOME).
    """
    world = look(config, now, platform=platform, also_watch=also_watch)
    violations = "\n".join(map(str, check(world)))
    assert not violations, f"\n{violations}"
    return world
