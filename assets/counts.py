"""What a stage may say of what it did: numbers, and nothing but numbers."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass

from alumni_sync.ledger.runs import Counts


def counts_of(counts: object) -> Counts:
    """Return a record of counts as a mapping of numbers, and nothing but numbers.

    Raises:
        TypeError: something else is in it; it might be about a person.
    """
    mapping = asdict(counts) if is_dataclass(counts) and not isinstance(counts, type) else counts
    if not isinstance(mapping, Mapping):
        msg = f"{type(counts).__name__} is no record of counts"
        raise TypeError(msg)
    for name, value in mapping.items():
        numbers = value.values() if isinstance(value, Mapping) else [value]
        if not all(isinstance(number, int | float) for number in numbers):
            msg = f"{type(counts).__name__}.{name} is no count"
            raise TypeError(msg)
    return {str(name): value for name, value in mapping.items()}


def metadata_of(counts: Counts) -> dict[str, int]:
    """Return counts flat, as Dagster plots them: `verdicts: excluded`."""
    flat: dict[str, int] = {}
    for name, value in counts.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}: {inner}": number for inner, number in value.items()}
        else:
            flat[name] = value
    return flat
