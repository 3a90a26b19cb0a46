"""One past decision, exactly as the person saw it, from the ledger alone, checked as shown."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from alumni_sync.consent.evidence.body import open_displayed, open_subject
from alumni_sync.errors import Refused
from alumni_sync.ledger.chain import entry_hash, load_blob, prove, read_event

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

KINDS: Final = ("text", "form")
_SHOWN: Final = {None: "", True: ", shown to members", False: ", not shown to members"}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A decision as it was.

    Attributes:
        canonical: the record's own bytes as text; `entry_hash` is of these.
        text: the exact notice, "" for an act without a page.
        form: the exact form, JSON as text; labels, order and defaults.
        displayed: field → the value beside its box; none once the evidence key is gone.
        name: and `email`, as agreed to; "" once the evidence key is gone.
        ticked: field → shown to members; purpose → None.
        problems: what is not what it was; none of it is to be relied on then.
    """

    seq: int
    canonical: str
    entry_hash: str
    text: str
    form: str
    displayed: Mapping[str, str]
    name: str
    email: str
    ticked: Mapping[str, bool | None]
    problems: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield it for people."""
        event = read_event(self.canonical.encode())
        change = f"{event['state_before']} → {event['state_after']}"
        yield f"event {self.seq}: {event['event']}, {change}"
        yield f"  {event['occurred_at']}  by {event['actor']} ({event['channel']})"
        yield f"  hash {self.entry_hash}"
        yield from (f"  WRONG: {problem}" for problem in self.problems)
        if not self.problems:
            yield "  event, text and form have the recorded hashes"
        yield from self._answer(event["body"])
        yield from self._form()
        if self.text:
            yield from ("", "--- the text ---", self.text.rstrip("\n"))

    def _answer(self, body: Mapping[str, Any]) -> Iterator[str]:
        if self.email:
            yield f"  {self.name} <{self.email}>"
        for key in ("id", "version", "language"):
            if value := body.get("notice", {}).get(key):
                yield f"  notice {key}: {value}"
        decision = body.get("decision", {})
        yield f"  answer: {decision.get('answer', 'none: nothing was answered here')}"
        for purpose in decision.get("purposes", []):
            until = f" until {purpose['valid_until']}" if purpose["valid_until"] else ""
            since = f", not before {day}" if (day := purpose.get("not_before")) else ""
            yield f"    {purpose['id']}: {purpose['decision']}{until}{since}"
        if resting := decision.get("paused_until"):
            yield f"    a break until {resting}"

    def _form(self) -> Iterator[str]:
        try:
            form = json.loads(self.form or "{}")
        except ValueError:
            return  # named among the problems
        if not form:
            return
        yield from ("", "--- the form, in its order, nothing preselected ---")
        yield from (f"( ) {answer['label']}" for answer in form["answers"])
        for box in (*form["fields"], *form["purposes"]):
            value = self.displayed.get(box["id"], "")
            mark = "x" if box["id"] in self.ticked else " "
            tail = _SHOWN[self.ticked.get(box["id"])]
            yield f"[{mark}] {box['label']}{f': {value}' if value else ''}{tail}"


def reproduce(d: "Deployment", person_id: str, seq: int) -> Reproduction:
    """Return one event of a person's consents as it was.

    Raises:
        Refused: the person has no such event.
    """
    with d.ledger.read() as connection:
        found = prove(connection, seq)
        if found is None:
            raise Refused(f"this person has no event {seq}")
        canonical, problem = found
        try:
            event = read_event(canonical)
            theirs = event["person_id"] == person_id
        except (ValueError, KeyError, TypeError):
            raise Refused(f"event {seq} cannot be read: {problem}") from None
        if not theirs:
            raise Refused(f"this person has no event {seq}")
        notice = event["body"].get("notice", {})
        problems = [problem] if problem else []
        kept = {kind: _exact(connection, kind, notice, problems) for kind in KINDS}
    ring = d.ledger.vault.load([person_id])
    sealed = event["body"].get("subject", {}).get("sealed", "")
    said = open_subject(ring, person_id, sealed)
    return Reproduction(
        seq=seq,
        canonical=canonical.decode(),
        entry_hash=entry_hash(canonical),
        text=kept["text"],
        form=kept["form"],
        displayed=open_displayed(ring, person_id, sealed),
        name=said.name if said else "",
        email=said.email if said else "",
        ticked=_ticked(event["body"].get("decision", {})),
        problems=tuple(problems),
    )


def _ticked(decision: Mapping[str, Any]) -> dict[str, bool | None]:
    given = [one for one in decision.get("purposes", []) if one["decision"] == "given"]
    fields = {one["id"]: one["shown_to_members"] == "true" for one in decision.get("fields", [])}
    return {**fields, **{one["id"]: None for one in given}}


def _exact(
    connection: Connection, kind: str, notice: Mapping[str, str], problems: list[str]
) -> str:
    """Return the exact bytes of text or form as text; add to `problems` what is wrong with them."""
    digest = notice.get(f"{kind}_sha256", "")
    if not digest:
        return ""
    content = load_blob(connection, digest)
    if content is None:
        problems.append(f"the {kind} {digest[:12]} is missing")
        return ""
    if hashlib.sha256(content).hexdigest() != digest:
        problems.append(f"the {kind} {digest[:12]} was edited")
    return content.decode("utf-8", "replace")
