"""A yes on paper at the desk: the form to print, the page to key it in, the page to compare it."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row, select
from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.answers.answer import Conflict, Decided, Invalid, NothingChosen, Outcome
from alumni_sync.consent.answers.dossier import INVITATION
from alumni_sync.consent.notices.rendering import notice_html
from alumni_sync.consent.paper.checks import PaperAnswer
from alumni_sync.consent.paper.forms import (
    AWAITING,
    PRINTED,
    PrintedForm,
    find_answer,
    list_forms,
    open_form,
)
from alumni_sync.consent.paper.recorded import confirm_consent, propose_consent, send_back
from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.shell import Desk, allowed, seen_version
from alumni_sync.sites.desk.words import NOT_NOW, day, problem_words
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form, Submission
from alumni_sync.sites.languages import all_texts

PAPER: Final = "paper"
_BOTH: Final = (Act.RECORD_CONSENT, Act.CONFIRM_CONSENT)


def papers(desk: Desk, visit: Visit) -> Response:
    """`GET /answers`: forms that wait for a second person, or for the post. Names nobody."""
    identity = desk.visitor(visit.request, *_BOTH)
    sources = {one for act in _BOTH for one in desk.behind.sources(identity, act)}
    lines = list_forms(desk.behind.d, sources)
    return desk.page("desk/papers.html", identity, lines=lines)


def form(desk: Desk, visit: Visit) -> Response:
    """`GET /form/RA-000123`: the form itself, in the person's language, to be printed."""
    identity = desk.visitor(visit.request, Act.RECORD_CONSENT)
    shown, _ = _open(desk, visit, identity, Act.RECORD_CONSENT)
    texts = all_texts()
    return desk.pages.render(
        "desk/form.html",
        texts[shown.language] if shown.language in texts else texts["en"],
        form=shown,
        notice=notice_html(shown.text),
    )


def paper(desk: Desk, visit: Visit) -> Response:
    """`GET /answer/RA-000123`: key it in, or compare it. `POST`: what was keyed in or decided."""
    identity = desk.visitor(visit.request, *_BOTH)
    shown, source = _open(desk, visit, identity, *_BOTH)
    if visit.request.method != "POST":
        return _page(desk, identity, shown, source)
    submission = desk.submitted(visit, identity, PAPER, shown.number)
    outcome = _act(desk, visit.form, identity, shown, submission)
    if outcome is None or isinstance(outcome, Decided):
        return desk.onward(f"/answer/{shown.number}?done=1")
    if isinstance(outcome, NothingChosen):
        problems: tuple[tuple[str, str], ...] = (("act", "Choose what the paper says."),)
        return _page(desk, identity, shown, source, 422, problems=problems)
    if isinstance(outcome, Invalid):
        problems = tuple((name, problem_words(name, code)) for name, code in outcome.problems)
        return _page(desk, identity, shown, source, 422, problems=problems, entered=visit.form)
    if isinstance(outcome, Conflict):
        why = NOT_NOW.get(outcome.reason, NOT_NOW["state"])
        return _page(desk, identity, shown, source, 409, problems=(("act", why),),
                     entered=visit.form)  # fmt: skip
    anew, source = _open(desk, visit, identity, *_BOTH)
    why = "Somebody was here before you: this is how it stands now. Nothing of yours was saved."
    return _page(desk, identity, anew, source, 409, problems=(("act", why),))


def _act(
    desk: Desk, form: Form, identity: Identity, shown: PrintedForm, submission: Submission
) -> Outcome | None:
    d, version = desk.behind.d, seen_version(submission)
    chosen = form.one("act")
    if chosen == "confirm":
        return confirm_consent(d, shown.number, version, identity)
    if chosen == "send_back":
        return send_back(d, shown.number, version, identity)
    if chosen != "yes":
        return NothingChosen()
    members = form.chosen("show")
    return propose_consent(
        d,
        shown.number,
        version,
        PaperAnswer(
            foot=form.one("foot"),
            name=form.one("name"),
            email=form.one("email"),
            purposes=form.chosen("purpose"),
            # Shown without stored is not stored, on paper as on the site.
            fields={value: value in members for value in sorted(form.chosen("field"))},
            signed_on=day(form.one("signed_on")),
            received_on=day(form.one("received_on")),
            kept=form.one("kept"),
        ),
        identity,
    )


def _open(desk: Desk, visit: Visit, identity: Identity, *acts: Act) -> tuple[PrintedForm, str]:
    """Return a form with its source, written down as read.

    Raises:
        HTTPException: 404, there is none that this visitor may see.
    """
    d, number = desk.behind.d, visit.request.path_params["number"]
    row, source = _row(desk, number)
    may = desk.behind.authority.may
    act = next((one for one in acts if may(identity, one, source).allowed), None)
    if act is None:
        raise HTTPException(404)
    log_access(d, identity, act, row.person_id, number.upper())
    ring = d.ledger.vault.load([row.person_id])
    with d.ledger.read() as connection:
        try:
            return open_form(d, connection, ring, row), source
        except Refused:
            raise HTTPException(404) from None


def _row(desk: Desk, number: str) -> tuple[Row[Any], str]:
    with desk.behind.d.ledger.read() as connection:
        try:
            row = find_answer(connection, number)
        except Refused:
            raise HTTPException(404) from None
        if row is None:
            raise HTTPException(404)
        source = select(INVITATION.c.source).where(INVITATION.c.id == row.invitation_id)
        return row, connection.execute(source).scalar() or ""


def _page(
    desk: Desk,
    identity: Identity,
    shown: PrintedForm,
    source: str,
    status: int = 200,
    *,
    problems: tuple[tuple[str, str], ...] = (),
    entered: Form | None = None,
) -> Response:
    template = {PRINTED: "desk/key_in.html", AWAITING: "desk/compare.html"}
    return desk.page(
        template.get(shown.state, "desk/recorded.html"),
        identity,
        status,
        form=shown,
        source=source,
        said=_said(shown),
        may=allowed(desk, identity, *_BOTH, Act.SEE_CONSENT, source=source),
        own=shown.recorded_by == identity.user,
        problems=problems,
        entered=entered or Form(),
        token=desk.token(identity, PAPER, shown.number, shown.version),
    )


def _said(shown: PrintedForm) -> Mapping[str, Any]:
    """Return what was keyed in with the words of the form, box by box, in its order."""
    said = shown.said
    return {
        **said,
        "boxes": [
            {
                **box,
                "value": shown.values.get(box["id"], ""),
                "ticked": box["id"] in said.get("fields", {})
                or box["id"] in said.get("purposes", ()),
                "shown": said.get("fields", {}).get(box["id"]),
            }
            for kind in ("fields", "purposes")
            for box in shown.form[kind]
        ],
    }


ROOMS: Final = (
    ("/answers", papers, ("GET",)),
    ("/form/{number}", form, ("GET",)),
    ("/answer/{number}", paper, ("GET", "POST")),
)
"""Path, handler and methods."""
