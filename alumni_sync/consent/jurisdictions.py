"""Jurisdiction packs: `rules/jurisdictions/<code>.yaml`, what the law of a place changes for us.

A pack may tighten the defaults of the product, never loosen them: the bounds below are those of
the product. A pack is a draft until counsel's name stands in `accepted_by`; nobody is invited
under a draft.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from alumni_sync.domain import ContactBasis
from alumni_sync.errors import ConfigError, Problem
from alumni_sync.laws import EEA, NEVER_LEGITIMATE_INTEREST
from alumni_sync.yaml_lines import plain_yaml


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Timers(_Frozen):
    """When a leaver hears from us, and how long an answer lasts. Days are calendar days.

    Attributes:
        reminder_days: days after the first mail; at most two reminders.
        close_days: the invitation closes this many days after the first mail.
        asking_mails: invitation and reminders together.
        hours_between_mails: at least so much time lies between two asking mails.
        defer_days: after "ask me later", once.
        validity_months: how long a yes lasts at most; up to a twelfth of it less, so that those
            who said yes on one day are not all asked again on one day.
        renewal_days: before the end of a yes, when another one is asked for; at most twice.
        notice_days: how long a yes outlasts a notice that means something else now.
        pause_months: how long the person's own pause lasts at most.
        address_hours: how long another address can be proven.
    """

    reminder_days: tuple[Annotated[int, Field(ge=7, le=30)], ...] = Field((7, 21), max_length=2)
    close_days: int = Field(30, ge=7, le=30)
    asking_mails: int = Field(3, ge=1, le=3)
    hours_between_mails: int = Field(24, ge=24)
    defer_days: int = Field(60, ge=14, le=90)
    validity_months: int = Field(24, ge=1, le=24)
    renewal_days: tuple[Annotated[int, Field(ge=7, le=60)], ...] = Field(
        (60, 14), min_length=1, max_length=2
    )
    notice_days: int = Field(30, ge=7, le=30)
    pause_months: int = Field(3, ge=1, le=3)
    address_hours: int = Field(48, ge=1, le=48)

    @field_validator("reminder_days")
    @classmethod
    def _ascending(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days)):
            msg = "must ascend"
            raise ValueError(msg)
        return days

    @field_validator("renewal_days")
    @classmethod
    def _descending(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if list(days) != sorted(set(days), reverse=True):
            msg = "must descend: they count back from the end"
            raise ValueError(msg)
        return days


class ContactRules(_Frozen):
    """Which contact bases count in this place."""

    exit_form: bool
    legitimate_interest: bool


class Authority(_Frozen):
    """Where a person may complain; named in the notice."""

    name: str = Field(min_length=1)
    url: str = Field(pattern=r"^https://")


class RequestTerms(_Frozen):
    """How long an answer to a person's request may take, where it is less than a month.

    Attributes:
        working_days: from the day after the request came; None: one calendar month, and two more
            where it is extended (GDPR Art. 12(3)).
        extension_working_days: how many more at most, once; counts only with `working_days`.
    """

    working_days: int | None = Field(None, ge=1, le=20)
    extension_working_days: int = Field(0, ge=0, le=20)


class JurisdictionPack(_Frozen):
    """One jurisdiction.

    Attributes:
        birth_date_needed: nobody is written to whose birth date is not known. False: leavers of a
            source that has no birth dates at all are. Rules have a word of their own for such
            sources (`adults_only`); it decides on the verdict, this on the mail.
        holidays: country whose public holidays count where the leaver's country is unknown.
        proof_years: how long the proof of a consent is kept after the consent ends.
        claim_years: how long claims may be made about not having been asked; as long the sealed
            record of an upheld case is kept.
        requests: until when a person's request is answered.
        regions: where a platform may be without a transfer basis.
        own_deployment: leavers of no other jurisdiction may be in the same ledger.
        one_purpose: a notice may ask for membership and nothing beside it.
    """

    jurisdiction: str = Field(pattern=r"^[a-z]{2}$")
    title: str = Field(min_length=1)
    status: Literal["draft", "accepted"]
    accepted_by: str = ""
    holidays: str = Field(pattern=r"^[A-Z]{2}$")
    birth_date_needed: bool = True
    contact: ContactRules
    timers: Timers = Timers()
    proof_years: int = Field(3, ge=1, le=10)
    claim_years: int = Field(3, ge=1, le=10)
    requests: RequestTerms = RequestTerms()
    regions: tuple[str, ...] = Field(EEA, min_length=1)
    own_deployment: bool = False
    one_purpose: bool = False
    authority: Authority

    @property
    def accepted(self) -> bool:
        """Say whether counsel's name stands on it."""
        return bool(self.accepted_by.strip())

    def allows(self, basis: ContactBasis) -> bool:
        """Say whether a contact basis counts here."""
        if basis is ContactBasis.EXIT_FORM:
            return self.contact.exit_form
        if basis is ContactBasis.LEGITIMATE_INTEREST:
            refused = self.jurisdiction in NEVER_LEGITIMATE_INTEREST
            return self.contact.legitimate_interest and not refused
        return basis is ContactBasis.SELF_JOINED


@lru_cache(maxsize=64)  # a page asks for it before it asks the file
def pack_path(rules: Path, jurisdiction: str) -> Path:
    """Return where the pack of a jurisdiction stands below the `rules` directory."""
    return rules / "jurisdictions" / f"{jurisdiction}.yaml"


def load_pack(rules: Path, jurisdiction: str) -> JurisdictionPack:
    """Load the pack of a jurisdiction.

    Raises:
        ConfigError: there is none, it cannot be read, or it is looser than the product allows.
    """
    path = pack_path(rules, jurisdiction)
    try:
        content = plain_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError.of(
            str(path), "there is no such jurisdiction pack", "write one, or use another"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError.of(str(path), f"cannot be read: {error}") from None
    try:
        pack = JurisdictionPack.model_validate(content)
    except ValidationError as error:
        raise ConfigError(
            [
                Problem(str(path), f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}")
                for problem in error.errors(include_input=False, include_url=False)
            ]
        ) from None
    if pack.jurisdiction != jurisdiction:
        raise ConfigError.of(str(path), f"says jurisdiction: {pack.jurisdiction}")
    return pack
