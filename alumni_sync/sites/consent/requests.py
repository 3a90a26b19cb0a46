"""A person's rights: `/p/requests`. What is wished for is proven by a code, then done at once.

Three steps: the wish, the code that is mailed to the address on record, and what became of it, with
a download where data were asked for. What was typed travels in the form, sealed by nothing but its
own page: it is written down only after the code. The data are made anew for each download, leave as
a file, and are stored nowhere.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.answers.view import ConsentView
from alumni_sync.consent.links.one_time import CodeAsked
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.errors import Refused
from alumni_sync.privacy.on_site import GIVES_DATA, Asked, Wish
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form, Submission
from alumni_sync.sites.languages import all_texts
from alumni_sync.sites.sessions import Session

WISH_FORM: Final = "request"
CODE_FORM: Final = "request-code"
DATA_FORM: Final = "request-data"
LONGEST_WORDS: Final = 1_500  # more than that, in letters of nine bytes each, is no form
_MEDIA: Final = {
    "zip": ("my-data.zip", "application/zip"),
    "html": ("my-data.html", "text/html; charset=utf-8"),
    "json": ("my-data.json", "application/json"),
}
"""What can be chosen → name of the file, and its type."""


def show(shell: Shell, visit: Visit) -> Response:
    """`GET /p/requests`: what can be asked for, and what is being answered; nothing is chosen."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    return _wishes(shell, shell.view(visit, session), session)


def ask(shell: Shell, visit: Visit) -> Response:
    """`POST /p/requests`: take the wish, mail a code, and ask for it."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, WISH_FORM)
    shown = shell.view(visit, session, submitted.about["language"])
    wish, problem = _read(shell, session, visit.form)
    if wish is None or problem:
        return _wishes(shell, shown, session, status=422, problem=problem, form=visit.form)
    asked = shell.requests.ask_code(session.reference)
    if asked is CodeAsked.NO_ADDRESS:
        return _wishes(shell, shown, session, status=409, problem="no_address", form=visit.form)
    if asked is CodeAsked.TOO_MANY:  # one of them may still be good
        return _code(shell, shown, session, visit.form, problem="too_many", status=429)
    shell.wake()
    return _code(shell, shown, session, visit.form)


def prove(shell: Shell, visit: Visit) -> Response:
    """`POST /p/requests/code`: check the code, do what was wished for, say what became of it."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, CODE_FORM)
    shown = shell.view(visit, session, submitted.about["language"])
    if visit.form.chosen("again"):
        return _send_again(shell, shown, session, visit.form, submitted)
    wish = _wish(submitted.about["wish"])
    code = visit.form.one("code")
    if not code:
        problem = "nothing_chosen_code"
        return _code(shell, shown, session, visit.form, problem=problem, submitted=submitted)
    words = visit.form.one("words")[:LONGEST_WORDS] if wish is Wish.RECTIFY else ""
    asked = shell.requests.carry_out(session.reference, wish, words, code, submitted.nonce)
    if asked is None:
        return _code(shell, shown, session, visit.form, problem="code", submitted=submitted)
    shell.wake()
    session = shell.sessions.go_on(session)  # an erasure ends every visit but this one
    return _done(shell, shell.view(visit, session, shown.language), session, asked)


def data(shell: Shell, visit: Visit) -> Response:
    """`POST /p/requests/data`: the data as a file; made now, kept nowhere."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, DATA_FORM)
    number, language = submitted.about["number"], submitted.about["language"]
    form = visit.form.one("as")
    if form not in _MEDIA:
        shown = shell.view(visit, session, language)
        asked = Asked(_wish(submitted.about["wish"]), number, done=True)
        return _done(shell, shown, session, asked, status=422, problem="nothing_chosen_data")
    shell.view(visit, session, language)  # or this visit is over
    try:
        made = shell.requests.data_for(session.reference, number, language)
    except Refused:
        raise HTTPException(403) from None
    name, media_type = _MEDIA[form]
    content = made.zipped() if form == "zip" else made.files[name]
    response = Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
    shell.sessions.attach(response, session)
    return response


def back(shell: Shell, visit: Visit) -> Response:
    """`GET` of a page that only a form leads to: another language was chosen, or a tab reopened."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    language = visit.request.query_params.get("lang", "")
    chosen = f"?lang={language}" if language in all_texts() else ""
    return shell.onward(f"/p/requests{chosen}", session)


def _read(shell: Shell, session: Session, form: Form) -> tuple[Wish | None, str]:
    """Return the wish that was chosen, and what is wrong with the form ("" if nothing is)."""
    offered = {wish.value: wish for wish in shell.requests.standing(session.reference).wishes}
    wish = offered.get(form.one("wish"))
    if wish is None:
        return None, "nothing_chosen_wish"
    words = form.one("words")
    if wish is Wish.RECTIFY and not words:
        return wish, "no_words"
    return wish, "too_long" if len(words) > LONGEST_WORDS else ""


def _wish(value: str) -> Wish:
    """Return the wish that our own form token names."""
    return Wish(value)


def _send_again(
    shell: Shell, shown: ConsentView, session: Session, form: Form, submitted: Submission
) -> Response:
    if shell.requests.ask_code(session.reference) is CodeAsked.COMING:
        shell.wake()
        return _code(shell, shown, session, form, submitted=submitted)
    return _code(shell, shown, session, form, problem="too_many", status=429, submitted=submitted)


def _wishes(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    *,
    status: int = 200,
    problem: str = "",
    form: Form | None = None,
) -> Response:
    standing = shell.requests.standing(session.reference)
    return shell.page(
        "consent/requests.html",
        shown,
        session,
        status=status,
        problem=problem,
        standing=standing,
        entered=form or Form(),
        token=shell.tokens.issue(WISH_FORM, session, {"language": shown.language}),
    )


def _code(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    form: Form,
    *,
    problem: str = "",
    status: int = 0,
    submitted: Submission | None = None,
) -> Response:
    """Ask for the code; what was typed before comes along, to be written down afterwards."""
    wish = form.one("wish")
    about = dict(submitted.about) if submitted else {"language": shown.language, "wish": wish}
    return shell.page(
        "consent/requests_code.html",
        shown,
        session,
        status=status or (422 if problem else 200),
        problem=problem,
        wish=about["wish"],
        words=form.one("words")[:LONGEST_WORDS],
        token=shell.tokens.issue(CODE_FORM, session, about),
    )


def _done(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    asked: Asked,
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    about = {"language": shown.language, "wish": asked.wish.value, "number": asked.number}
    gives = asked.done and asked.wish in GIVES_DATA
    return shell.page(
        "consent/requests_done.html",
        shown,
        session,
        status=status,
        problem=problem,
        asked=asked,
        token=shell.tokens.issue(DATA_FORM, session, about) if gives else "",
    )
