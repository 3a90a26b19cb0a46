"""The sample's last screen: the funnel, six people to follow, and what to open next."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from alumni_sync.cli.sample_walk import Walk


def screen(walked: Walk) -> Iterator[str]:
    """Yield the lines of the screen."""
    yield ""
    yield from _counts(walked.counts)
    yield ""
    yield from walked.funnel
    yield ""
    yield (
        f"{walked.yes} said yes, {walked.no} said no, {walked.silent} nothing so far. One member "
        f"withdrew on the site: gone from file and page after {walked.gone_after:.1f} s."
    )
    yield _second_run(walked)
    yield ""
    yield "Follow somebody, a sentence a step:"
    command = f"{program()} --config {walked.config}"
    for one in walked.people:
        yield f"  {command} trace {one.person:<14}  # {one.why}"
    yield f"  {command} report --out report.html  # the programme in figures"
    yield ""
    yield from _next(walked)
    yield f"Took {walked.seconds:.0f} s."


def program() -> str:
    """Return how to call us from here: as installed beside this interpreter, if that is near."""
    beside = Path(sys.executable).with_name("alumni-sync")
    if beside.is_relative_to(Path.cwd()):
        return str(beside.relative_to(Path.cwd()))
    return "alumni-sync" if shutil.which("alumni-sync") else str(beside)


def _counts(counts: Mapping[str, Any]) -> Iterator[str]:
    leavers, verdicts, mails = counts["leavers"], counts["verdicts"], counts["invitations"]
    yield (
        f"{counts['read']} rows read: {leavers['new']} leavers, {leavers['not_leavers']} are still "
        f"here, {leavers['rejected']} cannot be used."
    )
    said = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in verdicts.items())
    yield f"The rules say: {said}."
    yield (
        f"{counts['queue']['open']} cases wait for a person. {mails['sent']} invitations sent, "
        f"{mails['no_contact']} people cannot be asked."
    )


def _second_run(walked: Walk) -> str:
    if walked.second_run_was_silent:
        read = walked.again["read"]
        return f"The second run read {read} rows again and wrote nothing but its own record."
    return f"FAULT: the second run wrote to {', '.join(walked.rewritten)}."


def _next(walked: Walk) -> Iterator[str]:
    yield "Next: `make up`, then open"
    for place, what in (
        (
            "http://127.0.0.1:3000/assets/exclusion_queue",
            f"the exclusion queue: rule on {', '.join(walked.cases)}",
        ),
        ("http://127.0.0.1:8401", "the HR desk"),
        (walked.left_for_you, "an invitation that nobody has answered"),
        (f"{walked.folder}/var/community.html", "the members, as each chose to be shown"),
    ):
        yield f"  {place}"
        yield f"      {what}"
