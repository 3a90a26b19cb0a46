"""Decisions of a person: each is one short ledger transaction with its evidence.

The gate closes in the transaction of the withdrawal itself; nothing here waits for a platform.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from alumni_sync.consent.answers import Choice, Evidence, Outcome
from alumni_sync.ports import ProfileField, Purpose

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


def decide(d: "Deployment", invitation_id: str, choice: Choice, evidence: Evidence) -> Outcome:
    """Take the answer to an invitation: yes, no, later or not me."""
    raise NotImplementedError


def withdraw(
    d: "Deployment",
    invitation_id: str,
    purposes: frozenset[Purpose] | None,
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Withdraw purposes; None, or membership among them, withdraws everything and closes the gate."""
    raise NotImplementedError


def change_fields(
    d: "Deployment",
    invitation_id: str,
    fields: Mapping[ProfileField, bool],
    evidence: Evidence,
    nonce: str,
) -> Outcome:
    """Narrow what is stored and shown to `fields`; more than before is `Invalid`: that is a new yes."""
    raise NotImplementedError


def one_click(d: "Deployment", token: str) -> bool:
    """Obey an RFC 8058 unsubscribe; False when the token means nothing (the answer is 200 anyway).

    In an invitation or reminder it is an objection: the address is suppressed, nobody writes again.
    In any other mail that kind of mail stops.
    """
    raise NotImplementedError
