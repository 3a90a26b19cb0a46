"""What is wrong with a mapping file that no single key of it can know.

Works on the plain values of the document, which may be wrong elsewhere: all problems come at once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from alumni_sync.domain import LEAVER_FIELDS, FieldType, RecordStatus
from alumni_sync.errors import Problem
from alumni_sync.yaml_lines import Document, Location

_ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "record_status": frozenset(RecordStatus),
    "do_not_consider": frozenset({"yes", "no"}),
}
"""Fields with a closed list of values."""


def lint_mapping(document: Document) -> Iterator[Problem]:
    """Yield what is missing, what contradicts, and what would mean nothing."""
    value = document.value if isinstance(document.value, Mapping) else {}
    fields = value.get("fields")
    fields = fields if isinstance(fields, Mapping) else {}
    yield from _lint_required(document, fields, value.get("exit_codes"))
    for field, source in fields.items():
        if isinstance(source, Mapping):
            yield from _lint_kind(document, str(field), source)
            yield from _lint_values(document, str(field), source)


def _lint_required(
    document: Document, fields: Mapping[str, Any], codes: object
) -> Iterator[Problem]:
    """Find fields without which no record can be placed or judged."""
    where = document.where(("fields",))
    for field in ("person_id", "hire_date"):
        if field not in fields:
            yield Problem(where, f"{field} is missing", "no record can be placed without it")
    if not {"last_working_day", "exit_date"} & set(fields):
        yield Problem(where, "neither last_working_day nor exit_date is mapped", "map one of them")
    if isinstance(fields.get("person_id"), Mapping) and "constant" in fields["person_id"]:
        where_it_is = document.where(("fields", "person_id", "constant"))
        yield Problem(where_it_is, "cannot be the same for everybody", "name the column")
    everybody = isinstance(codes, Mapping) and "everybody" in codes
    if everybody and "exit_code" in fields:
        yield Problem(where, "exit_code is mapped although exit_codes has `everybody`", "keep one")
    if not everybody and "exit_code" not in fields:
        do = "map it, or give everybody in the file one kind: exit_codes: {everybody: …}"
        yield Problem(where, "exit_code is missing", do)


def _lint_kind(document: Document, field: str, source: Mapping[str, Any]) -> Iterator[Problem]:
    """Find keys that mean nothing for the kind of field they stand at."""
    kind = LEAVER_FIELDS.get(field)
    idle = {
        "dates": kind is not FieldType.DATE,
        "split": kind is not FieldType.TAGS,
        "join": "columns" not in source,
        "values": kind is FieldType.DATE,
        "otherwise": not source.get("values"),
    }
    for key, means_nothing in idle.items():
        if key in source and means_nothing:
            where = document.where(("fields", field, key))
            yield Problem(where, f"means nothing for {field}", "take it out")


def _lint_values(document: Document, field: str, source: Mapping[str, Any]) -> Iterator[Problem]:
    """Find values that the field does not have, and words that differ only in their case."""
    location = ("fields", field)
    values = source.get("values")
    words = values if isinstance(values, Mapping) else {}
    allowed = _ALLOWED.get(field)
    if allowed is not None:
        given: list[tuple[Location, object]] = [
            ((*location, "values", str(word)), value) for word, value in words.items()
        ]
        if "constant" in source:
            given.append(((*location, "constant"), source["constant"]))
        for inner, value in given:
            if str(value) not in allowed:
                do = f"one of: {', '.join(sorted(allowed))}"
                yield Problem(document.where(inner), f"is no value of {field}", do)
    for word, count in Counter(str(word).casefold() for word in words).items():
        if count > 1:
            what = f"`{word}` stands there twice but for its case"
            yield Problem(document.where((*location, "values")), what, "keep one")
