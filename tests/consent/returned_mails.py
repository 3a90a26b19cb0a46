"""Bounces and complaints as mail servers write them, about a mail of ours."""


def crlf(text: str) -> bytes:
    """Return text as bytes on the wire."""
    return text.replace("\n", "\r\n").encode()


def report(kind: str, middle: str, message_id: str, *, headers_only: bool = False) -> bytes:
    """Return a `multipart/report` with its three parts."""
    quoted = "text/rfc822-headers" if headers_only else "message/rfc822"
    return crlf(f"""From: MAILER-DAEMON@mx.mail.example
To: alumni@acme.example
Subject: about your mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="=b="

--=b=
Content-Type: text/plain; charset=utf-8

Something happened to your mail.

--=b=
{middle}
--=b=
Content-Type: {quoted}

From: Acme Alumni <alumni@acme.example>
To: someone@mail.example
Message-ID:
 {message_id}
Subject: Would you like to stay in touch?

--=b=--
""")


def bounce(
    message_id: str,
    status: str = "5.1.1",
    action: str = "failed",
    diagnostic: str = "",
    *,
    headers_only: bool = False,
) -> bytes:
    """Return a delivery status notification (RFC 3464)."""
    middle = f"""Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mail.example

Final-Recipient: rfc822; someone@mail.example
Action: {action}
Status: {status}
{f"Diagnostic-Code: smtp; {diagnostic}" if diagnostic else "Remote-MTA: dns; mx.mail.example"}
"""
    return report("delivery-status", middle, message_id, headers_only=headers_only)


def complaint(message_id: str, feedback: str = "abuse") -> bytes:
    """Return a complaint (RFC 5965)."""
    middle = f"""Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: SomeProvider/1.0
Version: 1
"""
    return report("feedback-report", middle, message_id)


def autoreply(message_id: str) -> bytes:
    """Return what an absence assistant writes, with words that sound like an end."""
    return crlf(f"""From: someone@mail.example
To: alumni@acme.example
Subject: Undeliverable: unsubscribe, failed, 5.1.1
Auto-Submitted: auto-replied
In-Reply-To: {message_id}

User unknown. Status: 5.1.1. Please unsubscribe me until Monday.
""")
