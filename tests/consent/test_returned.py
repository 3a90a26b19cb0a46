"""Reading what came back: standard reports, and everything that only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.returns.reports import MOST_BYTES, Returned, ReturnKind, read_returned
from tests.consent.returned_mails import autoreply, bounce, complaint, crlf, report

ID = "<M-0000000000000001@acme.example>"
NOTHING = Returned(ReturnKind.OTHER)


@pytest.mark.parametrize("headers_only", [False, True])
def test_a_dead_mailbox_is_a_hard_bounce(headers_only: bool) -> None:  # noqa: FBT001 a parameter of a test
    """Whoever is not there must not be asked again and again."""
    returned = read_returned(bounce(ID, headers_only=headers_only))
    assert returned == Returned(ReturnKind.HARD, ID, "5.1.1")


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind", "read"),
    [
        ("5.2.1", "", "hard", "5.2.1"),
        ("5.1.10", "", "hard", "5.1.10"),
        ("5.0.0", "550 5.1.1 no such user", "hard", "5.1.1"),
        ("", "550-5.1.1 no such user", "hard", "5.1.1"),
        ("5.2.2", "552 5.2.2 full, 5.1.1", "soft", "5.2.2"),
        ("5.7.1", "", "soft", "5.7.1"),
        ("5.1.8", "", "soft", "5.1.8"),
        ("4.4.7", "", "soft", "4.4.7"),
        ("5.0.0", "", "soft", "5.0.0"),
        ("nonsense", "", "soft", ""),
    ],
)
def test_only_the_mailbox_itself_is_dead(
    status: str, diagnostic: str, kind: str, read: str
) -> None:
    """A full mailbox, or a server that takes us for spam, is no reason never to ask a person."""
    returned = read_returned(bounce(ID, status, diagnostic=diagnostic))
    assert returned == Returned(ReturnKind(kind), ID, read)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", ""])
def test_what_did_not_fail_is_no_bounce(action: str) -> None:
    """A mail that is delayed may still arrive, and be answered."""
    assert read_returned(bounce(ID, action=action)) == Returned(ReturnKind.OTHER, ID)


@pytest.mark.parametrize(
    ("feedback", "kind"),
    [
        ("abuse", "complaint"),
        ("Fraud", "complaint"),
        ("opt-out", "complaint"),
        ("not-spam", "other"),
        ("auth-failure", "other"),
        ("", "other"),
    ],
)
def test_a_complaint_is_one_of_a_reader(feedback: str, kind: str) -> None:
    """What says "not spam" in the same form must not be taken for an objection."""
    assert read_returned(complaint(ID, feedback)).kind == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff" * 100,
        autoreply(ID),
        crlf("Content-Type: multipart/report; report-type=delivery-status\n\nno boundary"),
        bounce(ID) + b"x" * MOST_BYTES,
        bounce(ID).replace(b"multipart/report", b"multipart/mixed"),
    ],
    ids=["empty", "noise", "autoreply", "no-boundary", "too-large", "no-report"],
)
def test_what_is_no_report_says_nothing(content: bytes) -> None:
    """An absence assistant must unsubscribe nobody (T38)."""
    assert read_returned(content) == NOTHING


def test_a_report_without_our_id_names_no_mail() -> None:
    """A guess would hit somebody else's invitation."""
    assert read_returned(bounce("no id at all")).message_id == ""
    other = report("delivery-status", "Content-Type: text/plain\n\nnothing\n", ID)
    assert read_returned(other) == Returned(ReturnKind.OTHER, ID)


@given(st.binary(max_size=400), st.integers(0, 900), st.integers(0, 60))
def test_nothing_that_arrives_breaks_the_reader(noise: bytes, at: int, cut: int) -> None:
    """One crafted mail must not keep all others from being read."""
    for good in (bounce(ID), complaint(ID), bounce(ID, headers_only=True)):
        assert isinstance(read_returned(good[:at] + noise + good[at + cut :]), Returned)


@pytest.mark.parametrize("parts", [1_000, 20_000])
def test_parts_within_parts_do_not_stop_the_reader(parts: int) -> None:
    """Anybody can send one: with it in the mailbox no bounce and no complaint was read any more."""
    head = "Content-Type: multipart/report; boundary=b0\n\n"
    nested = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(parts)
    )
    assert NOTHING == read_returned(crlf(head + nested))
