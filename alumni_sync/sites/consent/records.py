"""What a person may keep: the receipt of the last answer, as a page and as a file."""

import json

from starlette.responses import Response

from alumni_sync.consent.evidence.receipts import Receipt
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.consent.notices.rendering import notice_html
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.sessions import Session


def receipt_page(shell: Shell, visit: Visit) -> Response:
    """`GET /receipt`: the receipt for people, with the exact text that was shown."""
    session, receipt = _receipt(shell, visit)
    shown = shell.view(visit, session)
    text = notice_html(receipt.notice_text)
    return shell.page("consent/receipt.html", shown, session, receipt=receipt, notice_html=text)


def receipt_file(shell: Shell, visit: Visit) -> Response:
    """`GET /receipt.json`: the same for machines (ISO/IEC TS 27560 as JSON-LD)."""
    session, receipt = _receipt(shell, visit)
    shell.view(visit, session)  # or this visit is over
    response = Response(
        json.dumps(receipt.jsonld, ensure_ascii=False, indent=2),
        media_type="application/ld+json",
        headers={"Content-Disposition": 'attachment; filename="consent-receipt.json"'},
    )
    shell.sessions.attach(response, session)
    return response


def _receipt(shell: Shell, visit: Visit) -> tuple[Session, Receipt]:
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    receipt = shell.service.receipt(session.reference)
    if receipt is None:
        raise Stranger
    return session, receipt
