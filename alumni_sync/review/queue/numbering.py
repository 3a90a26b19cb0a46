"""Case numbers as people say them: EX-000123."""

import re
from typing import Final

from alumni_sync.errors import Refused

_NUMBER: Final = re.compile(r"EX-(\d{6,18})")


def case_number(case_id: int) -> str:
    """Return the number under which people know a case."""
    return f"EX-{case_id:06d}"


def case_id(number: str) -> int:
    """Return the ledger's id of a case; raises `Refused` where the text is no case number."""
    found = _NUMBER.fullmatch(number.strip().upper())
    if not found:
        raise Refused("a case is named like EX-000123")
    return int(found[1])
