"""The shape of a rule pack as it stands in the file; also what editors are told (`schema`)."""

from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alumni_sync.domain import ExitKind
from alumni_sync.eligibility.language.pack import Dating

NAME: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"

Name = Annotated[str, Field(pattern=NAME)]
Day = Annotated[date, Field(strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WindowInput(_Strict):
    """From when until when the rule is in force, both days included, by which of the two days."""

    start: Annotated[Day | None, Field(alias="from")] = None
    end: Annotated[Day | None, Field(alias="to")] = None
    by: Dating

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start is None and self.end is None:
            raise ValueError("has neither `from` nor `to` | say one of them, or take `valid` out")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("is empty: `from` is after `to` | swap them")
        return self


class RuleInput(_Strict):
    """One rule of a pack."""

    # `when` and `then` are read by hand, so that every problem has its line.
    id: Annotated[Name, Field(description="names the rule in cases and in the audit")]
    when: Annotated[Any, Field(description="the condition")]
    then: Annotated[Any, Field(description="what follows")]
    valid: WindowInput | None = None
    sources: Annotated[
        frozenset[Name] | None, Field(min_length=1, description="only leavers of these sources")
    ] = None
    jurisdictions: Annotated[
        frozenset[Name] | None, Field(min_length=1, description="only leavers of sources in these")
    ] = None


class PackInput(_Strict):
    """One pack: rules in YAML, and tables of rules in CSV."""

    pack: Annotated[Name, Field(description="the name of the pack")]
    good_standing: Annotated[
        tuple[ExitKind, ...], Field(description="exits that are eligible unless a rule says else")
    ]
    adults_only: Annotated[
        bool | frozenset[str],
        Field(description="sources without birth dates that employ adults only; true: all of them"),
    ] = False
    harmless_if_unmapped: Annotated[
        tuple[str, ...],
        Field(description="fields that say nothing where a source has no such column"),
    ] = ()
    rules: tuple[RuleInput, ...] = ()
    tables: Annotated[
        tuple[str, ...], Field(description="decision tables in CSV, beside the pack")
    ] = ()
