"""The exception tree. The family says what the runner does; the message says what a person does.

AlumniSyncError
  ConfigError            stop at start; all problems at once
  ConnectorError         vendor, operation, request id; never a payload
    TransientError         try again
      RateLimited            carries retry_after
      Unavailable            5xx, 408, time-outs, name resolution
    PermanentError         do not try again
      AuthRejected           401, 403
      ContractBroken         the vendor answered something we cannot read
  RecordRejected         one person; counted, shown, the flow goes on
  LedgerError            the database refused; carries type and code, never a value
  Refused                an act by a person that its role, ticket or state does not allow
  SafetyStop             a brake or guard; nothing was written; a person decides
  Busy                   another process does this very work now; nothing was begun

Verdicts, refusals by a leaver, bounces and missing consent are values with reasons, not exceptions.
No message of this tree ever contains a personal value: names of fields, codes and counts only.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration: where it stands, what it is, what to do."""

    where: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        """Return the problem as one line."""
        return f"{self.where}: {self.what}" + (f" ({self.do})" if self.do else "")


class AlumniSyncError(Exception):
    """Base of everything that this project raises on purpose."""


class ConfigError(AlumniSyncError):
    """The configuration cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep `problems` and make one line of each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def of(cls, where: str, what: str, do: str = "") -> "ConfigError":
        """Return an error with a single problem."""
        return cls([Problem(where, what, do)])


class ConnectorError(AlumniSyncError):
    """A vendor did not do what was asked; names vendor, operation and request id, no payload."""

    def __init__(self, vendor: str, operation: str, what: str, *, request_id: str = "") -> None:
        """Compose the message from parts that are never personal."""
        self.vendor = vendor
        self.operation = operation
        self.what = what
        self.request_id = request_id
        tail = f" [request {request_id}]" if request_id else ""
        super().__init__(f"{vendor}, {operation}: {what}{tail}")


class TransientError(ConnectorError):
    """Another attempt may succeed."""


class RateLimited(TransientError):
    """The vendor asked us to slow down; `retry_after` is in seconds, None if it did not say."""

    def __init__(
        self,
        vendor: str,
        operation: str,
        what: str = "rate limited",
        *,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        """Keep the wait that the vendor asked for."""
        self.retry_after = retry_after
        super().__init__(vendor, operation, what, request_id=request_id)


class Unavailable(TransientError):
    """The vendor could not be reached or failed on its own side (5xx, 408, time-out, DNS)."""


class PermanentError(ConnectorError):
    """The request itself was refused; the same one would be refused again."""


class AuthRejected(PermanentError):
    """401 or 403: the credential is wrong, expired, or lacks a permission."""


class ContractBroken(PermanentError):
    """The vendor answered something that its documentation does not allow."""


class RecordRejected(AlumniSyncError):
    """One record cannot be used: `where` (line or position), `field`, `reason` (a code)."""

    def __init__(self, where: str, field: str, reason: str) -> None:
        """Compose the message from position, field name and reason code, never the value."""
        self.where = where
        self.field = field
        self.reason = reason
        super().__init__(f"{where}: field {field}: {reason}")


class LedgerError(AlumniSyncError):
    """The database refused; names exception type and code only (messages contain values)."""


class Refused(AlumniSyncError):
    """A person asked for something that role, ticket, version or state does not allow.

    Attributes:
        outside: the sentence for what many can read (Dagster's runs): it tells nothing of how
            people stand to each other, where the full one does.
    """

    def __init__(self, why: str, *, outside: str = "") -> None:
        """Keep both sentences; without another one, `why` may be read anywhere."""
        self.outside = outside or why
        super().__init__(why)


class SafetyStop(AlumniSyncError):
    """A brake (on what we write) or a source guard (on what we read) stopped the work.

    Attributes:
        brake_id: what `brakes release` or `guards release` takes.
    """

    def __init__(self, brake_id: str, what: str) -> None:
        """Keep the id to release by."""
        self.brake_id = brake_id
        super().__init__(f"{brake_id}: {what}")


class Busy(AlumniSyncError):
    """Another process does this very work now; nothing was begun, a later attempt will do."""
