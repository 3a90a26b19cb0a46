"""What somebody is handed who asks for their data: all of it, readable, and nobody else's."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import insert

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer, Channel
from alumni_sync.consent.lifecycle import Event
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.domain import (
    ADMIT_REASONS,
    LEAVER_FIELDS,
    UPHOLD_REASONS,
    CaseStatus,
    ConsentState,
    ContactBasis,
    ExitKind,
    RecordStatus,
    Role,
    Ruling,
    Verdict,
)
from alumni_sync.errors import Refused
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import WRAPPED_KEY, KeyKind
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.request_tables import AccessLog, RecordedAnswer
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.membership.plan import MemberState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.export_texts import all_export_texts, texts_in
from alumni_sync.privacy.request_rows import (
    EXTENSIONS,
    REFUSALS,
    RequestChannel,
    RequestKind,
    RequestState,
)
from alumni_sync.privacy.requests import ask_on_site, close_request, open_request
from alumni_sync.privacy.subject_export import SubjectExport, export_subject
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.rulings.ruling import rule_case
from tests.membership.world import Community
from tests.privacy.office import PEOPLE, REVIEWER, WEBER
from tests.roster import Leaver

COLLEAGUES = ("k.weber", "a.auditor", "h.reviewer")


@pytest.fixture
def office(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with people who may handle requests, on either database."""
    return Community(tmp_path, ledger, clock, people=PEOPLE)


def _rich(office: Community) -> Leaver:
    """Return a member with something in most sections."""
    leaver = office.leaver(manager_id="OS-77001", tags=("night-shift",))
    office.round()
    office.answer(
        leaver,
        Answer.YES,
        purposes=frozenset({Purpose.NEWSLETTER}),
        fields={ProfileField.JOB_TITLE: True, ProfileField.CITY: False},
    )
    office.sync()
    office.deliver()
    invitation = office.invitation(leaver)["id"]
    number = ask_on_site(office.d, invitation, RequestKind.RECTIFY, "I am Żofia now.", "n-1")
    close_request(office.d, number, RequestState.DONE, WEBER, answer="HR put it right.")
    _looked_at(office, leaver)
    return leaver


def _looked_at(office: Community, leaver: Leaver) -> None:
    row = {
        "at": office.clock.now(),
        "actor": "a.auditor",
        "verified": True,
        "act": "see the evidence of a consent",
        "person_id": leaver.person,
        "subject": "event 2",
    }
    with office.d.ledger.write() as connection:
        connection.execute(insert(t(AccessLog)).values(row))


def _everything(made: SubjectExport) -> str:
    return "\n".join(content.decode() for content in made.files.values())


def test_a_member_is_handed_everything(office: Community) -> None:
    """GDPR Art. 15: facts, decisions, consents with their exact texts, memberships, reads."""
    leaver = _rich(office)

    made = export_subject(office.d, leaver.person)

    content = made.content
    (employment,) = content["employments"]
    assert "zofia@mail.example" == employment["facts"]["personal_email"]
    assert ["night-shift"] == employment["facts"]["tags"]
    assert "kept" == employment["content"]
    (decision,) = content["decisions"]
    assert "eligible" == decision["verdict"]
    (consent,) = content["consents"]
    assert ["asked", "said_yes"] == [event["event"] for event in consent["history"]]
    assert "Accountant" == consent["agreed"]["fields"]["job_title"]["value"]
    yes = consent["history"][1]
    assert "You no longer work at Acme" in content["texts"][yes["text"]]
    assert "Accountant" == yes["displayed"]["job_title"]
    assert yes["receipt"] in made.files
    (membership,) = content["memberships"]
    assert "active" == membership["state"]
    assert membership["reference"]
    assert ["create"] == [write["verb"] for write in content["writes"]]
    assert {"invitation", "confirmation"} <= {mail["kind"] for mail in content["mails"]}
    (request,) = content["requests"]
    assert "I am Żofia now." == request["words"]
    assert "HR put it right." == request["history"][-1]["answer"]
    (read,) = content["accesses"]
    assert ("auditor", "event 2") == (read["by"], read["subject"])


def test_nothing_in_it_is_about_anybody_else(office: Community) -> None:
    """Art. 15(4): colleagues stand by their role, a manager's number does not stand at all."""
    office.joined("adam")
    leaver = _rich(office)

    text = _everything(export_subject(office.d, leaver.person))

    assert [] == [name for name in COLLEAGUES if name in text]
    assert "OS-77001" not in text
    assert "adam@mail.example" not in text
    assert "privacy" in text


def test_no_secret_is_in_it(office: Community) -> None:
    """A key in an export opens every backup; a link's hash proves what its secret was."""
    leaver = _rich(office)
    with office.d.ledger.vault.store.engine.connect() as connection:
        rows = connection.execute(WRAPPED_KEY.select()).all()
    wrapped = [value for row in rows for value in row if isinstance(value, bytes)]
    tokens = [office.token("/c/", 0), office.token("/p/", -1)] if office.mails else []

    made = export_subject(office.d, leaver.person)

    raw = b"\n".join(made.files.values())
    assert [] == [key for key in wrapped if key in raw or key.hex().encode() in raw]
    assert [] == [token for token in tokens if token.encode() in raw]
    assert "code_hash" not in raw.decode()
    assert "token_hash" not in raw.decode()


def test_whoever_stays_out_is_told_by_which_rule_and_ruling(office: Community) -> None:
    """An excluded person's export has case, rule and decision: without them nobody can contest."""
    leaver = office.leaver(exit_kind="misconduct")
    sync_queue(office.d, new_id("R"))
    rule_case(
        office.d,
        case="EX-000001",
        ruling=Ruling.UPHOLD,
        reason="confirmed",
        identity=REVIEWER,
        run_id=new_id("R"),
    )
    open_request(
        office.d,
        person_id=leaver.person,
        kind=RequestKind.CONTEST,
        channel=RequestChannel.LETTER,
        words="It was somebody else.",
        identity=WEBER,
    )

    made = export_subject(office.d, leaver.person, "en")

    (decision,) = made.content["decisions"]
    assert "excluded" == decision["verdict"]
    assert any("misconduct" in rule["sentence"] for rule in decision["rules"])
    assert any("misconduct" in reason for reason in decision["reasons"])
    (case,) = made.content["cases"]
    assert ("EX-000001", "awaiting_second") == (case["case"], case["state"])
    ruled, contested = case["history"][-2:]
    assert ("contested", "privacy", "contest") == (
        contested["event"],
        contested["by"],
        contested["reason"],
    )
    assert ("first_uphold", "reviewer", "confirmed") == (
        ruled["event"],
        ruled["by"],
        ruled["reason"],
    )
    assert "h.reviewer" not in _everything(made)
    assert "misconduct" in made.files["my-data.html"].decode()


def test_what_was_shredded_is_said_to_be_shredded(office: Community) -> None:
    """Of somebody who was erased the dates are left, and the page must not pretend otherwise."""
    leaver = office.invited()
    erase(office.d, leaver.person, by="k.weber", reason="request", run_id=new_id("R"))

    made = export_subject(office.d, leaver.person, "en")

    about = made.content["about"]
    assert ("destroyed", "destroyed") == (about["profile_key"], about["evidence_key"])
    (employment,) = made.content["employments"]
    assert ("destroyed", {}) == (employment["content"], employment["facts"])
    assert "erased" == employment["tombstone"]["outcome"]
    assert "destroyed" == made.content["decisions"][0]["content"]
    assert ["request"] == [each["reason"] for each in made.content["erasures"]]
    assert "zofia" not in _everything(made)
    assert "destroyed, nobody can read it" in made.files["my-data.html"].decode()


def test_an_objection_stands_in_it(office: Community) -> None:
    """Who is on the list of whom not to write to has a right to know that they are."""
    leaver = office.invited()
    erase(office.d, leaver.person, by="k.weber", reason="objection", run_id=new_id("R"))

    (entry,) = export_subject(office.d, leaver.person).content["suppressions"]

    assert ("all", "objection") == (entry["scope"], entry["reason"])


def test_the_archive_holds_a_page_the_data_and_the_texts(office: Community) -> None:
    """Art. 12(1) and 20: for people and for machines, in one file, the same bytes each time."""
    leaver = _rich(office)

    made = export_subject(office.d, leaver.person)

    archive = zipfile.ZipFile(io.BytesIO(made.zipped()))
    names = archive.namelist()
    assert ["my-data.html", "my-data.json"] == names[:2]
    assert {"texts", "receipts"} == {name.partition("/")[0] for name in names[2:]}
    assert made.content == json.loads(archive.read("my-data.json"))
    assert None is archive.testzip()
    assert made.zipped() == export_subject(office.d, leaver.person).zipped()


def test_the_page_asks_nothing_of_the_network(office: Community) -> None:
    """T41: a page full of personal data that loads anything tells somebody who opened it."""
    leaver = office.invited("zofia", given_name="<script>alert(1)</script>", family_name="Łoś")

    page = export_subject(office.d, leaver.person, "pl").files["my-data.html"].decode()

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'lang="pl"' in page
    assert "Twoje dane" in page
    assert [] == [bad for bad in ("src=", "url(", "@import", 'href="http') if bad in page]


def test_nobody_is_no_export(office: Community) -> None:
    """A mistyped id must not look like an empty file about somebody."""
    with pytest.raises(Refused, match="no such person"):
        export_subject(office.d, "P-nobody")


def _keys(value: Any) -> Iterator[str]:  # noqa: ANN401 JSON
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def test_every_language_says_everything() -> None:
    """A label that is missing in Russian is a column of code to somebody in Omsk."""
    found = {code: texts.tree for code, texts in all_export_texts().items()}

    assert {"en", "pl", "de", "ru"} == set(found)
    model = found["en"]
    for tree in found.values():
        assert model.keys() == tree.keys()
        for part in ("information", "sections", "labels", "values"):
            assert list(model[part]) == list(tree[part])
            assert all(isinstance(text, str) and text for text in tree[part].values())


def test_whatever_is_exported_has_a_label(office: Community) -> None:
    """Intelligible (Art. 12(1)) means that no name of a column is left to guess."""
    people = [_rich(office), office.leaver("jan", exit_kind="misconduct")]
    sync_queue(office.d, new_id("R"))
    exports = [export_subject(office.d, leaver.person).content for leaver in people]
    labels = texts_in("en").tree["labels"]

    shown = {
        key
        for content in exports
        for section, inner in content.items()
        if section not in {"information", "texts"}
        for key in _keys(inner)
    }

    assert set() == shown - set(labels)
    assert set() == (set(LEAVER_FIELDS) | {field.value for field in ProfileField}) - set(labels)


def test_every_code_has_words() -> None:
    """A state that nobody can read explains nothing to the person it is about."""
    enums: list[Any] = [Verdict, ExitKind, RecordStatus, CaseStatus, ConsentState, ContactBasis]
    enums += [Role, Event, Channel, MemberState, Purpose, RequestKind, RequestState]
    enums += [RequestChannel, MailKind]
    codes = {member.value for enum in enums for member in enum}
    codes |= {*EXTENSIONS, *REFUSALS, *ADMIT_REASONS, *UPHOLD_REASONS}

    assert set() == codes - set(texts_in("en").tree["values"])


def test_an_answer_on_paper_stands_in_it_without_its_witnesses(office: Community) -> None:
    """What somebody signed is theirs; who typed it in stands there by their role."""
    leaver = office.invited()
    said = {"printed": {}, "said": {"answer": "no", "recorded_by": "k.weber", "kept": ["file 7"]}}
    vault = office.d.ledger.vault
    row = {
        "invitation_id": office.invitation(leaver)["id"],
        "person_id": leaver.person,
        "kind": "refusal",
        "channel": "letter",
        "received_on": office.clock.now().date(),
        "state": "recorded",
        "version": 1,
        "recorded_by": "k.weber",
        "recorded_at": office.clock.now(),
        "second_by": "a.auditor",
        "sealed": vault.seal_json(leaver.person, KeyKind.EVIDENCE, "recorded_answer", said),
    }
    with office.d.ledger.write() as connection:
        connection.execute(insert(t(RecordedAnswer)).values(row))

    made = export_subject(office.d, leaver.person, "en")

    (answer,) = made.content["recorded"]
    assert ("privacy", "privacy") == (answer["by"], answer["content"]["said"]["recorded_by"])
    assert ["file 7"] == answer["content"]["said"]["kept"]
    assert [] == [name for name in COLLEAGUES if name in _everything(made)]


def test_a_mail_that_came_back_stands_in_it(office: Community) -> None:
    """Why nobody wrote any more is theirs to know."""
    leaver = office.invited()
    row = {"id": "r", "kind": "soft", "status": "4.2.2", "at": office.clock.now()}
    with office.d.ledger.write() as connection:
        mine = row | {"invitation_id": office.invitation(leaver)["id"]}
        connection.execute(insert(t(ReturnedMail)).values(mine))
        connection.execute(insert(t(ReturnedMail)).values(row | {"id": "other"}))

    made = export_subject(office.d, leaver.person, "en")

    assert ["4.2.2"] == [each["status"] for each in made.content["failures"]]
    assert "not delivered for now" in made.files["my-data.html"].decode()


def test_a_colleague_who_left_is_nobody_in_particular(office: Community) -> None:
    """The history outlives the configuration; a name must not come back because a role is gone."""
    leaver = office.joined()
    row = {
        "at": office.clock.now(),
        "actor": "gone.colleague",
        "verified": True,
        "act": "find a person",
        "person_id": leaver.person,
        "subject": "",
    }
    with office.d.ledger.write() as connection:
        connection.execute(insert(t(AccessLog)).values(row))

    (read,) = export_subject(office.d, leaver.person).content["accesses"]

    assert "colleague" == read["by"]


def test_the_files_of_texts_are_plain_yaml() -> None:
    """`yes` without quotes is a truth value, and a label that says True says nothing."""
    for code in ("en", "pl", "de", "ru"):
        path = Path(__file__).resolve().parents[2] / "alumni_sync/privacy/texts" / f"{code}.yaml"
        tree = yaml.safe_load(path.read_text("utf-8"))
        assert all(
            isinstance(key, str) for part in tree.values() if isinstance(part, dict) for key in part
        )


@pytest.mark.parametrize(("language", "said"), [("pl", "Wykluczenie"), ("de", "Ausgeschlossen")])
def test_whoever_stays_out_reads_the_rule_in_their_own_language(
    office: Community, language: str, said: str
) -> None:
    """They were never asked anything: no notice was ever shown that would tell their language."""
    leaver = office.leaver(exit_kind="misconduct", language=language)

    made = export_subject(office.d, leaver.person)

    (decision,) = made.content["decisions"]
    (rule,) = [one for one in decision["rules"] if one["rule"]][:1]
    assert language == made.language
    assert said in rule["sentence"]
    assert rule["sentence"] in unescape(made.files["my-data.html"].decode())
