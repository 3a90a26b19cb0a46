"""A stand-in for the stage behind the pages about a person's rights; it notes every act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from alumni_sync.consent.links.one_time import CodeAsked
from alumni_sync.errors import Refused
from alumni_sync.privacy.on_site import GIVES_DATA, Asked, Standing, Wish
from alumni_sync.privacy.subject_export import SubjectExport

CODE = "12345678"
NUMBER = "SR-000007"
DUE = date(2026, 12, 2)
FILES: Mapping[str, bytes] = {"my-data.html": b"<p>canary", "my-data.json": b'{"canary": 1}'}


@dataclass
class RequestStandIn:
    """One person who may ask for anything; `acts` lists what would have been done."""

    acts: list[str] = field(default_factory=list)
    codes: CodeAsked = CodeAsked.COMING
    asked: int = 0
    held: bool = False
    restricted_at: datetime | None = None
    seen: dict[str, Asked] = field(default_factory=dict)

    def standing(self, invitation_id: str) -> Standing:
        """Return what was asked for so far."""
        assert invitation_id
        return Standing(self.restricted_at, ())

    def ask_code(self, invitation_id: str) -> CodeAsked:
        """Count the codes."""
        assert invitation_id
        self.asked += self.codes is CodeAsked.COMING
        return self.codes

    def carry_out(
        self, invitation_id: str, wish: Wish, words: str, code: str, nonce: str
    ) -> Asked | None:
        """Do it, if the code is right."""
        assert invitation_id
        if nonce in self.seen:
            return self.seen[nonce]
        if code.replace(" ", "") != CODE:
            return None
        self.acts.append(f"{wish}:{words}" if words else wish.value)
        if wish in {Wish.RESTRICT, Wish.LIFT}:
            now = datetime(2026, 11, 2, 9, tzinfo=UTC)
            self.restricted_at = now if wish is Wish.RESTRICT else None
        waits = wish is Wish.RECTIFY or (wish is Wish.ERASE and self.held)
        self.seen[nonce] = Asked(wish, "" if wish is Wish.LIFT else NUMBER, not waits, DUE)
        return self.seen[nonce]

    def data_for(self, invitation_id: str, number: str, language: str) -> SubjectExport:
        """Return two files, for a request that was proven."""
        assert invitation_id
        proven = [one for one in self.seen.values() if one.number == number]
        if not any(one.wish in GIVES_DATA for one in proven):
            raise Refused("there is no such request")
        self.acts.append(f"download:{language}")
        return SubjectExport("P-1", {}, language, datetime(2026, 11, 2, tzinfo=UTC), FILES)
