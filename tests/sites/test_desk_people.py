"""People at the HR desk: found one by one, shown to whom it is for, and never unrecorded."""

from pathlib import Path

import pytest
from sqlalchemy import text

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.request_rows import RequestChannel, RequestKind
from alumni_sync.privacy.requests import open_request
from tests.consent.joins import proven
from tests.consent.papers import DPO, printed
from tests.review.test_access import NO_MORE_RECORDS
from tests.roster import Leaver
from tests.sites.office import Company

OFFERED = ("/find", "/requests", "/joins", "/answers", "/letters")


@pytest.fixture
def company(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Company:
    """A company whose desk is behind a proxy."""
    return Company(tmp_path, sqlite_ledger, clock)


@pytest.fixture
def any_company(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Company:
    """The same on either database."""
    return Company(tmp_path, ledger, clock)


def search(company: Company, asked: str, user: str = "dpo") -> str:
    """Search for somebody; return where it leads, or what is shown."""
    answer = company.submit("/find", user=user, asked=asked)
    return answer.headers.get("location", "") or answer.text


def pages_about(company: Company, leaver: Leaver) -> dict[str, str]:
    """Return every page of the desk that names somebody: what it is → its path."""
    world = company.world
    invited = world.invited("erika", given_name="Erika", number="7")
    number = printed(world, invited)
    request = open_request(
        company.d, kind=RequestKind.ACCESS, channel=RequestChannel.MAIL, identity=DPO,
        person_id=leaver.person,
    )  # fmt: skip
    case = company.case(given_name="Jan")
    assert case.person
    about = world.invitation(leaver)["id"]
    return {
        "file": f"/person/{leaver.person}",
        "event": f"/person/{leaver.person}/event/2",
        "answer": f"/person/{leaver.person}/answer/{about}",
        "take down": f"/person/{leaver.person}/request",
        "request": f"/request/{request}",
        "form": f"/form/{number}",
        "paper": f"/answer/{number}",
        "join": f"/join/{proven(world, number=leaver.number).id}",
        "case": "/case/EX-000001",
    }


def test_one_person_is_opened_at_once(any_company: Company) -> None:
    """Whoever asks for one person should not have to choose from a list of one."""
    leaver = any_company.world.member()

    for asked in (leaver.number, "ZOFIA@mail.example", leaver.spell,
                  any_company.world.invitation(leaver)["id"],
                  any_company.world.events(leaver)[-1]["body"]["receipt_id"]):  # fmt: skip
        assert f"/person/{leaver.person}" == search(any_company, asked), asked


def test_by_the_address_that_somebody_answered_at(any_company: Company) -> None:
    """The HRIS forgets a private address; whoever writes from it still asks for their data."""
    leaver = any_company.world.member()
    any_company.world.roster.set_person(leaver, address_hash=None)

    assert f"/person/{leaver.person}" == search(any_company, "zofia@mail.example")


def test_a_file_says_where_everything_stands(company: Company) -> None:
    """Whoever answers the phone must see it in one look."""
    leaver = company.world.member()
    company.world.deliver()

    page = company.open(f"/person/{leaver.person}").text

    for words in (
        "Zofia Jaworowska",
        leaver.number,
        "Said yes. It stands until",
        "in force",
        "zofia@mail.example",
        "job title: ",
        "shown to members",
        "may be asked",
        "The invitation was handed to the mail server.",
        "The confirmation of the decision was handed to the mail server.",
        "None stands, and none ever did.",
        "Record an answer that came on paper or by phone",
    ):
        assert words in page, words


def test_a_file_says_nothing_about_why_somebody_was_left_out(company: Company) -> None:
    """The reason is for those who rule on it, in the case and nowhere else."""
    leaver = company.case()

    page = company.open(f"/person/{leaver.person}").text

    assert "misconduct" not in page
    assert 'href="/case/EX-000001"' in page


def test_a_case_leads_to_the_file_of_whom_may_see_it(company: Company) -> None:
    """A reviewer rules on a case; the rest of a person's life with us is not theirs."""
    leaver = company.case()
    link = f'href="/person/{leaver.person}"'

    assert link in company.open("/case/EX-000001", "dpo").text
    assert link not in company.open("/case/EX-000001", "rev").text


def test_a_file_says_who_looked(company: Company) -> None:
    """Whoever audits reads must be able to, for the very person who asks."""
    leaver = company.world.member()
    company.open(f"/person/{leaver.person}/event/2", "aud")

    page = company.open(f"/person/{leaver.person}").text

    assert "The last 2 of those who opened something" in page
    assert "<strong>aud</strong>" in page
    assert "event 2" in page


def test_what_is_gone_is_said(company: Company) -> None:
    """An empty file of an erased person looks like a fault."""
    leaver = company.world.invited()
    erase(company.d, leaver.person, by="dpo", reason="request", run_id="R-1")

    page = company.open(f"/person/{leaver.person}")

    assert 200 == page.status
    assert "Who this is cannot be read any more" in page.text
    assert "Zofia" not in page.text


def test_a_decision_is_shown_as_it_was_seen(company: Company) -> None:
    """T13: text, form and ticks, checked against their hashes while they are shown."""
    leaver = company.world.member()

    page = company.open(f"/person/{leaver.person}/event/2").text

    for words in (
        "Said yes",
        "have the hashes that were recorded",
        "Would you like to stay in touch?",
        "Your last job title",
        "not given",
        "zofia@mail.example",
    ):
        assert words in page, words


def test_a_text_that_was_edited_is_called_so(company: Company) -> None:
    """T28: the desk must not show as evidence what is none."""
    leaver = company.world.member()
    sha = company.world.events(leaver)[-1]["body"]["notice"]["text_sha256"]
    with company.d.ledger.write() as connection:
        changed = text("UPDATE notice_blob SET content = :c WHERE sha256 = :s")
        connection.execute(changed, {"c": b"# Something else", "s": sha})

    page = company.open(f"/person/{leaver.person}/event/2").text

    assert "Rely on none of it" in page
    assert "was edited" in page


@pytest.mark.parametrize("seq", ["0", "99", "x", "-1", "2x", "٣", "9" * 30, "1%20"])
def test_there_is_no_other_event(company: Company, seq: str) -> None:
    """An address can be made up; somebody else's event is none of this person."""
    leaver = company.world.member()

    assert 404 == company.open(f"/person/{leaver.person}/event/{seq}").status


def test_an_event_belongs_to_its_person(company: Company) -> None:
    """One person's decision shown in another's file would be a wrong answer to a request."""
    one, other = company.world.member("anna"), company.world.member("ewa")

    for path in (f"/person/{one.person}/event/4", f"/person/{other.person}/event/1"):
        assert 404 == company.open(path).status


def test_a_search_for_nothing_is_none(company: Company) -> None:
    """An empty search, or one as long as a book, means nobody in particular."""
    for asked in ("", " ", "x" * 400):
        assert "Write what you are looking for." in search(company, asked)
    assert [] == company.log()


def test_who_is_meant_by_a_shared_mailbox(company: Company) -> None:
    """Two people with one address are two lines, and each is written down as found."""
    world = company.world
    one, other = world.leaver("anna"), world.leaver("ewa")
    shared = world.d.ledger.hashes.address("both@mail.example")
    for leaver in (one, other):
        world.roster.set_person(leaver, address_hash=shared)

    shown = search(company, "both@mail.example")

    assert "That means 2 people" in shown
    for leaver in (one, other):
        assert f'href="/person/{leaver.person}"' in shown
    assert {one.person, other.person} == {row[2] for row in company.log()}


# --- who sees it ----------------------------------------------------------------------------------


def test_every_page_about_a_person_is_written_down(company: Company) -> None:
    """Who read whose file must be known afterwards, an auditor's reads too."""
    leaver = company.world.member()
    for what, path in pages_about(company, leaver).items():
        for user in ("dpo", "aud"):
            before = len(company.log())
            status = company.open(path, user).status
            read = company.log()[before:]
            assert (status == 200) == any(row[0] == user for row in read), (what, user)
            assert all(row[2] for row in read if row[3][:2] != "J-"), (what, user)


def test_what_cannot_be_written_down_is_not_shown(company: Company) -> None:
    """No record, no read: a full disk must not open every file unseen."""
    leaver = company.world.member()
    paths = pages_about(company, leaver)
    with company.d.ledger.write() as connection:
        connection.execute(text(NO_MORE_RECORDS))

    for what, path in paths.items():
        page = company.open(path)
        assert 500 == page.status, what
        for name in ("Zofia", "Erika", "Jan", "mail.example"):
            assert name not in page.text, what


def test_who_opens_which_room(company: Company) -> None:
    """A role that opens more than it was given for is a hole in every other rule."""
    expected = {
        "dpo": set(OFFERED),
        "aud": {"/find", "/requests"},
        "rev": {"/joins"},
        "sec": {"/answers"},
        "nobody": set(),
    }

    for user, rooms in expected.items():
        assert rooms == {path for path in OFFERED if company.open(path, user).status == 200}, user
        page = company.open("/", user).text
        assert rooms == {path for path in OFFERED if f'href="{path}"' in page}, user


@pytest.mark.parametrize("user", ["rev", "sec", "nobody", ""])
def test_who_sees_no_file(company: Company, user: str) -> None:
    """Few may see who was asked and what they said."""
    leaver = company.world.member()

    for path in (f"/person/{leaver.person}", f"/person/{leaver.person}/event/2"):
        page = company.open(path, user)
        assert 403 == page.status
        assert "Zofia" not in page.text
        why = "that takes the role" if user in {"rev", "sec"} else "You may not see this."
        assert user == "" or why in page.text
    assert [] == company.log()


def test_whoever_has_no_role_is_told_where_roles_are_given(company: Company) -> None:
    """“You may not see this” alone leaves a new colleague with nobody to ask."""
    page = company.open("/", "nobody")

    assert (403, True) == (page.status, "ask whoever keeps that file" in page.text)


def test_another_companys_people_do_not_exist(company: Company) -> None:
    """A role for one source opens nothing of another, and does not tell that there is something."""
    leaver = company.world.member()
    paths = pages_about(company, leaver)
    before = len(company.log())

    for what in ("file", "event", "answer", "take down", "request", "form", "paper", "join"):
        page = company.open(paths[what], "de")
        assert 404 == page.status, what
        assert "Zofia" not in page.text
    assert [] == [row for row in company.log()[before:] if row[0] == "de"]


def test_nobody_vouched_for_opens_nothing_new(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """On loopback without a proxy any program can name a user: cases as ever, and no file."""
    company = Company(tmp_path, sqlite_ledger, clock, proxied=False)
    leaver = company.world.member()

    for path in (*OFFERED, f"/person/{leaver.person}", f"/person/{leaver.person}/event/2"):
        assert 403 == company.open(path, "dpo").status, path
    assert 200 == company.open("/", "").status


@pytest.mark.parametrize(
    "path",
    [
        "/person/P-none",
        "/person/x",
        "/person/%2e%2e",
        "/person/P-none/event/1",
        "/person/P-none/answer/I-1",
        "/person/P-none/request",
        "/form/RA-9",
        "/answer/RA-000009",
        "/request/SR-000009",
        "/request/x",
        "/join/J-none",
        "/nothing",
    ],
)
def test_what_is_made_up_does_not_exist(company: Company, path: str) -> None:
    """What stands in an address comes from anybody."""
    assert 404 == company.open(path).status


def test_a_name_with_markup_stays_text(company: Company) -> None:
    """T41: a name from an HRIS would run in the browser of whoever opens the file."""
    leaver = company.world.invited(given_name="<script>alert(1)</script>", family_name="{{7*7}}")

    page = company.open(f"/person/{leaver.person}").text

    assert "<script>" not in page
    assert "{{7*7}}" in page


def test_after_the_key_is_gone_the_file_opens_empty(company: Company) -> None:
    """T33: a shredded person's file must say so, not break."""
    leaver = company.world.member()
    company.d.ledger.vault.shred([leaver.person], list(KeyKind))

    for path in (f"/person/{leaver.person}", f"/person/{leaver.person}/event/2"):
        page = company.open(path)
        assert 200 == page.status
        assert "zofia" not in page.text.casefold()
