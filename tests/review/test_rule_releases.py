"""Changed rules are released by two people, each verified, and only the very content that waits."""

import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity
from alumni_sync.eligibility.revisions.publishing import waiting_rules
from alumni_sync.eligibility.revisions.trying import try_revision
from alumni_sync.errors import ConfigError, Refused
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.people.authority import Authority
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.releases import rules
from alumni_sync.review.releases.rules import list_revisions, release_rules
from alumni_sync.review.releases.stops import ReleaseResult
from tests.eligibility.rulebooks import CONDUCT, SENIOR, Book
from tests.review.queue_of import NOBODY, PEOPLE, who
from tests.roster import Leaver


class Released(Book):
    """A company in which somebody has taken a rule out of the file."""

    senior: Leaver

    def release(
        self, by: str | Identity, reason: str = "intended", revision: str = ""
    ) -> ReleaseResult:
        """Release what waits."""
        identity = who(by) if isinstance(by, str) else by
        name = revision or self.waiting
        return release_rules(self.roster.deployment, name, reason=reason, identity=identity)

    @property
    def waiting(self) -> str:
        """Return the revision that waits."""
        return next((str(r.revision) for r in waiting_rules(self.roster.deployment)), "")


@pytest.fixture
def book(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Released:
    """Return it, on either database."""
    made = Released.of(tmp_path, ledger, clock, CONDUCT, SENIOR, people=PEOPLE)
    assert isinstance(made, Released)
    made.senior = made.roster.add(job_level=9)
    made.judge()
    made.edit(CONDUCT)
    made.judge()
    return made


def test_two_people_release(book: Released) -> None:
    """One person in a hurry is what the release is for."""
    revision = book.waiting
    first = book.release("rev")
    book.judge()
    assert "review" == book.verdict(book.senior)

    second = book.release("sec", revision=revision)
    book.judge()

    assert ("awaiting_second", "active") == (first.status, second.status)
    assert "eligible" == book.verdict(book.senior)
    released = [
        row for row in list_revisions(book.roster.deployment) if row["revision"] == revision
    ]
    assert [("active", "sec")] == [(row["state"], row["released_by"]) for row in released]


@pytest.mark.parametrize("by", ["rev", "ops", "sec"])
def test_who_may_be_the_first(book: Released, by: str) -> None:
    """HR changes the rules, operations deploys them: both may ask for the second."""
    assert "awaiting_second" == book.release(by).status


def test_of_two_firsts_at_once_one_is_told(book: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is a moment late must read a sentence, not an error of the database."""
    revision, said, together = book.waiting, list[str](), threading.Barrier(2, timeout=1)

    def both_have_read(*of: Any) -> Authority:  # noqa: ANN401 passed through
        with suppress(threading.BrokenBarrierError):  # SQLite lets one in after the other
            together.wait()
        return authority_now(*of)

    def press(by: str) -> None:
        try:
            said.append(book.release(by, revision=revision).status)
        except Refused:
            said.append("refused")

    monkeypatch.setattr(rules, "authority_now", both_have_read)
    threads = [threading.Thread(target=press, args=(by,)) for by in ("rev", "ops")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ["awaiting_second", "refused"] == sorted(said)


@pytest.mark.parametrize(
    ("by", "why"),
    [("aud", "role"), ("stranger", "is not in `people:`"), (NOBODY, "nothing vouches")],
)
def test_who_may_not(book: Released, by: str | Identity, why: str) -> None:
    """A name that anybody can type lets nobody in."""
    before = book.everything()

    with pytest.raises(Refused, match=why):
        book.release(by)

    assert before == book.everything()


@pytest.mark.parametrize(
    ("by", "why"), [("sec", "another person"), ("rev", "role"), ("ops", "role")]
)
def test_the_second_is_another_and_a_second(book: Released, by: str, why: str) -> None:
    """Somebody with both roles is still one person."""
    book.release("sec")

    with pytest.raises(Refused, match=why):
        book.release(by)

    assert "review" == book.verdict(book.senior)


def test_a_release_is_for_what_was_looked_at(book: Released) -> None:
    """Whoever edits the file after the first has signed gets no second signature."""
    first = book.waiting
    book.release("rev")
    book.edit(CONDUCT.replace(", dispute", ""))
    book.judge()

    with pytest.raises(Refused, match="retired already"):
        book.release("sec", revision=first)

    assert first != book.waiting
    assert "awaiting_second" == book.release("sec").status  # the first of two, on the new one


def test_what_was_proposed_before_it_was_put_back_is_void(book: Released) -> None:
    """A signature of last year must not wait for its second for ever."""
    book.release("rev")
    book.edit(CONDUCT, SENIOR)
    book.judge()
    book.edit(CONDUCT)
    book.judge()

    assert "awaiting_second" == book.release("sec").status


@pytest.mark.parametrize(
    ("revision", "reason", "why"),
    [
        ("unknown", "intended", "there is no revision unknown"),
        ("", "because", "give one of: intended"),
        ("", "", "give one of: intended"),
    ],
)
def test_what_is_refused(book: Released, revision: str, reason: str, why: str) -> None:
    """Nothing may be released by a slip."""
    with pytest.raises(Refused, match=why):
        book.release("sec", reason, revision)


def test_what_is_active_waits_for_nothing(book: Released) -> None:
    """A release that does nothing must not look as if it had."""
    (active,) = (
        row["revision"]
        for row in list_revisions(book.roster.deployment, "acme-pl")
        if row["state"] == "active"
    )

    with pytest.raises(Refused, match="active already"):
        book.release("sec", revision=active)


def test_whoever_has_left_releases_nothing(book: Released, clock: FixedClock) -> None:
    """On their last day nobody takes the name of the second out of the configuration."""
    book.configure(
        people=[
            {**one, "employee": "acme-pl/10002"} if one["user"] == "sec" else one for one in PEOPLE
        ]
    )
    book.roster.add(last_working_day=clock.now().date())
    book.release("rev")
    clock.advance(timedelta(days=1))

    with pytest.raises(Refused, match="sec has left"):
        book.release("sec")


def test_nobody_signs_for_fewer_than_are_let_in(book: Released) -> None:
    """A change that was proposed for one, and waited over a wave of exits, lets in all of them."""
    first = book.release("rev").sentence
    book.roster.add(job_level=9)
    book.roster.add(job_level=10)

    with pytest.raises(Refused, match=r"3 towards eligible.*1 towards eligible.*propose it again"):
        book.release("sec")

    assert first.endswith(": 1 towards eligible")
    assert "awaiting_second" == book.release("rev").status
    assert "3 towards eligible" in book.release("sec").sentence


def test_figures_that_shrink_stop_nobody(book: Released) -> None:
    """Whoever signed for three has signed for one."""
    others = [book.roster.add(job_level=9) for _ in range(2)]
    assert "3 towards eligible" in book.release("rev").sentence
    for one in others:
        book.roster.change(one, job_level=2)

    assert "1 towards eligible" in book.release("sec").sentence


def test_what_waits_can_be_tried_whatever_the_files_say(book: Released) -> None:
    """The second must see what they sign, not what somebody is writing at that moment."""
    revision = book.waiting
    book.edit(CONDUCT, SENIOR)
    trial = try_revision(book.roster.deployment, revision)

    assert [book.senior.spell] == [flip.spell for flip in trial.flips()]
    assert {"acme-pl": revision} == trial.summary["tried"]
    with pytest.raises(ConfigError, match="there is no revision nothing"):
        try_revision(book.roster.deployment, "nothing")


def test_what_was_proposed_by_whoever_left_is_void(book: Released, clock: FixedClock) -> None:
    """A signature of somebody whom nobody can ask any more is not one of two."""
    book.configure(
        people=[
            {**one, "employee": "acme-pl/10002"} if one["user"] == "rev" else one for one in PEOPLE
        ]
    )
    book.roster.add(last_working_day=clock.now().date())
    book.release("rev")
    clock.advance(timedelta(days=1))

    again = book.release("sec")

    assert "awaiting_second" == again.status
    assert again.sentence.endswith(
        "what rev proposed is void: rev has left, and has no role any more"
    )
