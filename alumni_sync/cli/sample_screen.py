"""The sample's last screen: the funnel, six people to follow, and what to open next. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from alumni_sync.cli.sample_walk import Walk

_UP = "make up"


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
    command = f"alumni-sync --config {walked.config} trace"
    for one in walked.people:
        yield f"  {command} {one.person:<16}  # {one.why}"
    yield ""
    yield from _next(walked)
    yield f"Took {walked.seconds:.0f} s."


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
        return "The second run wrote nothing but its own record."
    return f"FAULT: the second run wrote to {', '.join(walked.rewritten)}."


def _next(walked: Walk) -> Iterator[str]:
    yield f"Next: {_UP}, then open"
    yield "  http://127.0.0.1:3000/assets/exclusion_queue   the queue: rule on " + ", ".join(
        walked.cases
    )
    yield "  http://127.0.0.1:8401                          the HR desk"
    yield f"  {walked.left_for_you}   an invitation that nobody has answered"
    yield f"  {walked.folder}/var/community.html             the members, as they chose to be shown"
