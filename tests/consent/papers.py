"""A company with people for its desk, and forms on paper that come back."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from alumni_sync.consent.paper.checks import PaperAnswer
from alumni_sync.consent.paper.forms import (
    PrintedForm,
    answer_id,
    find_answer,
    open_form,
    print_form,
)
from alumni_sync.consent.paper.recorded import propose_consent
from alumni_sync.domain import Identity
from alumni_sync.ledger.request_tables import RecordedAnswer
from alumni_sync.ledger.tables import t
from tests.consent.world import World
from tests.roster import Leaver

PEOPLE = [
    {"user": "dpo", "mail": "dpo@acme.example", "roles": ["privacy"]},
    {"user": "dpo2", "mail": "dpo2@acme.example", "roles": ["privacy"]},
    {"user": "sec", "mail": "sec@acme.example", "roles": ["second"]},
    {"user": "de", "mail": "de@acme.example", "roles": ["privacy"], "sources": ["acme-de"]},
    {"user": "aud", "mail": "aud@acme.example", "roles": ["auditor"]},
    {"user": "rev", "mail": "rev@acme.example", "roles": ["reviewer"], "sources": ["acme-pl"]},
]
DPO, DPO2, SEC = (Identity(user, verified=True) for user in ("dpo", "dpo2", "sec"))
UNVERIFIED = Identity("dpo", verified=False)


def printed(world: World, leaver: Leaver, language: str = "en") -> str:
    """Print the form of an invited leaver."""
    number = print_form(world.d, world.invitation(leaver)["id"], language, DPO)
    assert isinstance(number, str), number
    return number


def form_of(world: World, number: str) -> PrintedForm:
    """Return a form as it is kept."""
    with world.d.ledger.read() as connection:
        row = find_answer(connection, number)
        assert row is not None
        return open_form(world.d, connection, world.d.ledger.vault.load([row.person_id]), row)


def keyed(world: World, number: str, **changed: Any) -> PaperAnswer:  # noqa: ANN401 any field
    """Return what somebody keys in who reads a form that ticks one field and one purpose."""
    form, today = form_of(world, number), world.clock.now().date()
    return replace(
        PaperAnswer(
            foot=form.foot,
            name="Zofia Jaworowska-Lis",
            email="",
            purposes=("newsletter",),
            fields={"job_title": True, "department": False},
            signed_on=today,
            received_on=today,
            kept="Binder 7, sheet 12",
        ),
        **changed,
    )


def proposed(world: World, leaver: Leaver) -> str:
    """Bring a form up to where it waits for the second."""
    number = printed(world, leaver)
    assert propose_consent(world.d, number, 1, keyed(world, number), DPO) is None
    return number


def row(world: World, number: str) -> Any:  # noqa: ANN401 a row
    """Return the row of a recorded answer."""
    table = t(RecordedAnswer)
    with world.d.ledger.read() as connection:
        return connection.execute(select(table).where(table.c.id == answer_id(number))).one()
