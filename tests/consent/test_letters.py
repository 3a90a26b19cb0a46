"""Letters: who is asked by post, how often, and who may hold the links."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alumni_sync.cli.private_folder import private_folder
from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Channel, Decided, Evidence, Invalid
from alumni_sync.consent.answers.proofs import prove_address
from alumni_sync.consent.gates import ClosedReason, letter_gate
from alumni_sync.consent.links.one_time import CodeAsked, ask_code
from alumni_sync.consent.links.resending import answer_link_requests, ask_link
from alumni_sync.consent.links.secrets import resolve_link, token_id
from alumni_sync.consent.paper.letters import Letter, who_gets_letters, write_letter
from alumni_sync.consent.terms import contact_terms
from alumni_sync.domain import ConsentState, ContactBasis
from alumni_sync.errors import Refused
from alumni_sync.ledger.pauses import Outlet, pause
from alumni_sync.ledger.tables import Suppression, Token, t
from alumni_sync.sections import Contact
from tests.conftest import NOW
from tests.consent.world import RUN, World, accept
from tests.officer import open_ledger, run, write_company
from tests.pictures import codes_in
from tests.roster import USUAL, Leaver

ME = "dpo.nowak"


@pytest.fixture
def by_post(world: World) -> World:
    """Return a company that has no basis for mails to the leavers of one source."""
    world.d.settings.sources["acme-pl"].__dict__["contact"] = Contact(basis=ContactBasis.NONE)
    return world


def waiting(world: World, name: str = "zofia", **facts: Any) -> Leaver:  # noqa: ANN401 facts
    """Add somebody whom only a letter can ask."""
    leaver = world.leaver(name, **facts)
    world.plan()
    return leaver


def export(world: World, *, again: bool = False) -> list[Letter | str]:
    """Make every letter that is due."""
    found = who_gets_letters(world.d, "acme-pl", again=again)
    return [write_letter(world.d, each, ME) for each in found]


def suppress_address(world: World, address: str) -> None:
    """Put an address on the list of those who objected."""
    row = {
        "address_hash": world.d.ledger.hashes.address(address),
        "scope": "all", "reason": "objected", "created_at": NOW, "rejustify_at": NOW,
    }  # fmt: skip
    with world.d.ledger.write() as connection:
        connection.execute(t(Suppression).insert(), row)


def only(made: list[Letter | str]) -> Letter:
    """Return the one letter."""
    (letter,) = made
    assert isinstance(letter, Letter), letter
    return letter


def test_a_letter_leads_to_an_answer(by_post: World) -> None:
    """Who has no basis for a mail would never be asked at all."""
    leaver = waiting(by_post)

    letter = only(export(by_post))

    assert (leaver.number, "Zofia Jaworowska", "en", 1) == (
        letter.employee_number, letter.name, letter.language, letter.number,
    )  # fmt: skip
    assert by_post.opens(letter.link.rpartition("/")[2])
    yes = by_post.answer(leaver, Answer.YES, email="zofia.nowa@post.example")
    assert isinstance(yes, Decided)
    assert ConsentState.ADDRESS_PENDING is yes.state


def test_no_yes_by_letter_counts_before_its_address_is_proven(by_post: World) -> None:
    """The HRIS's address may be mistyped: a stranger would get every mail about a membership."""
    leaver = waiting(by_post, personal_email="zofia@mail.example")
    export(by_post)

    assert "" == by_post.shown(leaver).masked_email
    assert Invalid((("email", "unknown"),)) == by_post.answer(leaver, Answer.YES)
    for typed in ("zofia@mail.example", "ZOFIA@mail.example"):
        outcome = by_post.answer(leaver, Answer.YES, email=typed, nonce=typed)
        assert isinstance(outcome, Decided)
        assert ConsentState.ADDRESS_PENDING is outcome.state
    by_post.deliver()
    (mail,) = by_post.mails
    link = resolve_link(by_post.d, mail.link("/e/").rpartition("/")[2])
    assert link is not None
    proof = Evidence(Channel.MAIL_LINK, token_id=link.token_id)
    proven = prove_address(by_post.d, by_post.invitation(leaver)["id"], proof, "mine", "")

    assert isinstance(proven, Decided)
    assert ConsentState.GIVEN is proven.state
    current = by_post.shown(leaver).current
    assert current is not None
    assert "ZOFIA@mail.example" == current.email


def test_the_page_behind_a_letter_tells_of_a_letter(by_post: World) -> None:
    """Who is told of mails to an address that nobody wrote to cannot know what we have of them."""
    leaver = waiting(by_post)
    export(by_post)

    assert "We ask you by post" in by_post.shown(leaver).notice_html

    by_post.set_invitation(leaver, basis=ContactBasis.SELF_JOINED.value)
    assert "on our website" in by_post.shown(leaver).notice_html


def test_the_link_is_kept_as_a_hash_only(by_post: World) -> None:
    """Whoever reads the ledger could answer in people's names."""
    waiting(by_post)
    secret = only(export(by_post)).link.rpartition("/")[2]

    with by_post.d.ledger.read() as connection:
        kept = connection.execute(select(t(Token).c.token_hash)).scalars().all()
    assert [token_id(secret)] == kept
    assert secret not in repr(by_post.everything())


def test_a_letter_stands_in_the_chain_with_who_made_it(by_post: World) -> None:
    """Somebody who held a link must be found when an answer is contested."""
    leaver = waiting(by_post)
    export(by_post)

    *_, asked = by_post.events(leaver)
    assert ("asked", "admin", "letter", ME) == (
        asked["event"], asked["actor"], asked["channel"], asked["body"]["recorded_by"],
    )  # fmt: skip
    assert by_post.invitation(leaver)["asked"] == 1


def test_nobody_is_asked_a_second_time_by_accident(by_post: World) -> None:
    """Two exports of one evening would put two letters into one envelope, the first one dead."""
    waiting(by_post)
    first = only(export(by_post))

    assert [] == export(by_post)
    assert ["asked_lately"] == export(by_post, again=True)
    assert by_post.opens(first.link.rpartition("/")[2])


def test_letters_end_after_the_third(by_post: World) -> None:
    """Post is asking too: the cap is the person's, not the mail server's."""
    waiting(by_post)
    links = [only(export(by_post)).link]
    for _ in range(2):
        by_post.later(days=8)
        links.append(only(export(by_post, again=True)).link)
    by_post.later(days=8)
    by_post.later(hours=-16)

    assert ["asked_often_enough"] == export(by_post, again=True)
    good = [by_post.opens(link.rpartition("/")[2]) for link in links]
    assert [False, False, True] == good


def test_no_mail_follows_a_letter_and_silence_ends_it(by_post: World) -> None:
    """A reminder would be the mail that nothing allows, and its closed gate would end the link."""
    leaver = waiting(by_post)
    link = only(export(by_post)).link

    for _ in range(4):
        by_post.later(days=7)
        by_post.round()
    assert by_post.opens(link.rpartition("/")[2])
    by_post.later(days=3)
    by_post.round()

    assert [] == by_post.mails
    assert ConsentState.EXPIRED == by_post.invitation(leaver)["state"]
    assert [] == export(by_post, again=True)


@pytest.mark.parametrize(
    ("reason", "changed"),
    [
        (None, {}),
        (ClosedReason.DO_NOT_CONSIDER, {"do_not_consider": "yes"}),
        (ClosedReason.MINOR, {"birth_date": date(2010, 1, 1)}),
        (ClosedReason.AGE_UNKNOWN, {"birth_date": None}),
        (None, {"personal_email": None}),
        (None, {"personal_email": "z@acme.example"}),
    ],
)
def test_a_letter_is_no_way_around_a_gate(
    by_post: World, reason: ClosedReason | None, changed: dict[str, Any]
) -> None:
    """A child, or somebody who told us not to, must not find it in the letter box either."""
    terms = contact_terms(by_post.d, "acme-pl")
    facts = {**USUAL, "personal_email": "zofia@mail.example", **changed}

    assert reason == letter_gate(terms, facts, today=NOW.date(), suppressed=False)


def test_a_draft_of_the_law_stops_letters_too(by_post: World) -> None:
    """Counsel has not said yet that these people may be asked at all."""
    waiting(by_post)
    pack = by_post.root / "rules" / "jurisdictions" / "pl.yaml"
    text = pack.read_text("utf-8")
    pack.write_text(text.replace("accepted_by: C. Counsel", 'accepted_by: ""'), "utf-8")

    assert ["pack_is_draft"] == export(by_post)


@pytest.mark.parametrize("address", [None, "z@acme.example", "no address"])
def test_who_has_no_private_address_gets_a_letter_too(by_post: World, address: str | None) -> None:
    """They are the ones whom nothing else reaches; the page asks them for an address."""
    leaver = waiting(by_post, personal_email=address)

    only(export(by_post))

    yes = by_post.answer(leaver, Answer.YES, email="zofia@post.example")
    assert isinstance(yes, Decided)
    assert ConsentState.ADDRESS_PENDING is yes.state


def test_who_objected_gets_no_letter(by_post: World) -> None:
    """An objection to being asked is one to being asked by post, too."""
    waiting(by_post)
    suppress_address(by_post, "zofia@mail.example")

    assert ["suppressed"] == export(by_post)


def test_who_may_not_be_asked_any_more_gets_no_letter(by_post: World) -> None:
    """Between planning and posting the verdict may change."""
    leaver = waiting(by_post)
    (found,) = who_gets_letters(by_post.d, "acme-pl", again=False)
    by_post.roster.set(leaver, verdict="excluded", basis="new-facts")

    assert "case" == write_letter(by_post.d, found, ME)
    assert [] == export(by_post)


def test_the_off_switch_stops_letters(by_post: World) -> None:
    """Whoever paused mail wanted nobody to be asked."""
    waiting(by_post)
    pause(by_post.d.ledger, [Outlet.MAIL], by="ops", reason="incident", now=NOW)

    with pytest.raises(Refused, match="paused"):
        export(by_post)


def test_where_a_mail_may_ask_no_letter_does(world: World) -> None:
    """Two ways of asking at once would be counted apart."""
    leaver = world.invited()

    assert [] == who_gets_letters(world.d, "acme-pl", again=True)
    assert "basis_refused" == write_letter(world.d, world.invitation(leaver)["id"], ME)
    assert "erased" == write_letter(world.d, "I-unknown", ME)


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a company without a basis for mails, whose privacy officer runs this test."""
    path = write_company(tmp_path / "acme", acme_pl={"basis": "none"})
    for pack in (path.parent / "rules" / "jurisdictions").glob("*.yaml"):
        accept(pack)
    return path


@pytest.fixture
def three(config: Path, tmp_path: Path, clock: FixedClock) -> list[Leaver]:
    """Put two people for letters into its ledger, and one who objected."""
    with open_ledger(config) as ledger:
        world = World(tmp_path, ledger, clock)
        world.d.settings.sources["acme-pl"].__dict__["contact"] = Contact(basis=ContactBasis.NONE)
        suppress_address(world, "ola@mail.example")
        return [
            waiting(world),
            waiting(world, "jan", given_name="=cmd", language="pl"),
            waiting(world, "ola"),
        ]


def test_hr_gets_a_list_and_a_letter_each(
    config: Path, three: list[Leaver], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list must fit the mail merge, and a name must not become a formula in it (T41)."""
    out = tmp_path / "letters"

    assert 0 == run(config, "letters", "export", "--out", str(out))

    said = capsys.readouterr().out
    assert "2 letters" in said
    assert "Left out: 1 suppressed" in said
    with (out / "letters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one.number for one in three[:2]] == [row["employee_number"] for row in rows]
    assert "'=cmd Jaworowska" == rows[1]["name"]
    for row in rows:
        page = (out / row["letter"]).read_text("utf-8")
        assert row["link"] in page
        assert [row["link"]] == codes_in((out / row["code"]).read_bytes())
        assert row["link"] not in said
    assert '<html lang="pl">' in (out / rows[1]["letter"]).read_text("utf-8")


def test_the_folder_can_be_read_by_nobody_else(
    config: Path, three: list[Leaver], tmp_path: Path
) -> None:
    """Whoever reads a link can answer in its reader's name."""
    assert three
    out = tmp_path / "letters"
    run(config, "letters", "export", "--out", str(out))

    assert 0o700 == out.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in out.iterdir()}


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_folder_that_others_can_read_is_refused(
    config: Path, three: list[Leaver], tmp_path: Path, mode: int
) -> None:
    """Nobody is asked by a letter that lies open."""
    assert three
    out = tmp_path / "letters"
    out.mkdir()
    out.chmod(mode)

    assert 2 == run(config, "letters", "export", "--out", str(out))
    assert [] == list(out.iterdir())
    out.chmod(0o700)
    assert 0 == run(config, "letters", "export", "--out", str(out))
    assert 2 == run(config, "letters", "export", "--out", str(out))  # it is not empty any more


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    """A link to somewhere else, or a place where others put what they like, is no private place."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "file").touch()

    for folder in ("link", "open/letters", "file"):
        with pytest.raises(Refused):
            private_folder(tmp_path / folder)


def test_only_the_role_may_make_letters(
    config: Path, three: list[Leaver], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reviewer who held the links could answer for those whom they judged."""
    assert three
    text = config.read_text("utf-8")
    config.write_text(text.replace("- privacy\n", "- operator\n"), "utf-8")

    assert 2 == run(config, "letters", "export", "--out", str(tmp_path / "out"))
    assert "role privacy" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_asked_by_mail_has_no_letters(
    config: Path, three: list[Leaver], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty list would look as if everybody had been asked."""
    assert three
    out = str(tmp_path / "out")

    assert 2 == run(config, "letters", "export", "--out", out, "--source", "acme-de")
    assert "asked by mail" in capsys.readouterr().err


def test_no_mail_goes_where_only_a_letter_could_ask(by_post: World) -> None:
    """Whoever knows an address could have us write to it, though nothing allows us to."""
    leaver = waiting(by_post, personal_email="zofia@mail.example")
    export(by_post)

    ask_link(by_post.d, "zofia@mail.example")
    answer_link_requests(by_post.d, RUN)
    by_post.deliver()
    asked = ask_code(by_post.d, by_post.invitation(leaver)["id"])

    assert [] == by_post.mails
    assert CodeAsked.NO_ADDRESS is asked


def test_whoever_holds_a_letter_cannot_have_the_code_sent_to_themselves(by_post: World) -> None:
    """A letter in the wrong hands would open everything that is kept about its reader."""
    leaver = waiting(by_post, personal_email=None)
    export(by_post)
    by_post.answer(leaver, Answer.YES, email="thief@post.example")

    assert CodeAsked.NO_ADDRESS is ask_code(by_post.d, by_post.invitation(leaver)["id"])
