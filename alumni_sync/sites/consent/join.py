"""The join page: a former employee asks to be asked, and confirms it from their mailbox.

Whatever is typed, the answer is the same: nobody learns here who worked at the company, who is
asked already, and who objected. Only behind the link that was mailed to an address is its owner
told what their earlier word to us was.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from alumni_sync.consent.joining.join_requests import Entered, JoinState, OpenJoin, Wanted
from alumni_sync.sites.consent.join_service import JoinService
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.languages import Texts, all_texts
from alumni_sync.sites.sessions import Session

FORM: Final = "join"
ANSWER: Final = "join-answer"
VISITOR: Final = "visitor"
HOLDER: Final = "join"
_FIELDS: Final = ("name", "company", "since", "until", "number", "email", "language")
_ANCHORS: Final[Mapping[str, str]] = {"company": "company-1", "language": "language-1"}


def _joins(shell: Shell) -> JoinService:
    """Return the service; where joining is switched off, there is no such page."""
    if shell.joins is None:
        raise HTTPException(404)
    return shell.joins


# --- asking ---------------------------------------------------------------------------------------


def show(shell: Shell, visit: Visit) -> Response:
    """`GET /join`: the form; nothing is chosen in it."""
    return _form(shell, visit, _joins(shell))


def ask(shell: Shell, visit: Visit) -> Response:
    """`POST /join`: keep the request; the same answer for every address."""
    joins, session = _joins(shell), shell.sessions.read(visit.request)
    if session is None:
        raise HTTPException(403)
    submission = shell.submission(visit, session, FORM)
    if not shell.strangers.allows(visit.client):
        raise HTTPException(429)
    read = joins.read(Entered(**{name: visit.form.one(name) for name in _FIELDS}))
    problems = () if isinstance(read, Wanted) else read
    if visit.form.one("act") != "ask":
        problems = (*problems, ("act", "act"))
    if problems or not isinstance(read, Wanted):
        return _form(shell, visit, joins, problems)
    joins.request(read, submission.nonce)
    shell.wake()
    code = shell.texts(visit).code
    return RedirectResponse(f"{shell.pages.path('/join/sent')}?lang={code}", 303)


def sent(shell: Shell, visit: Visit) -> Response:
    """`GET /join/sent`: look into your mailbox, whoever you are."""
    _joins(shell)
    languages = shell.pages.own_languages()
    return shell.pages.render("consent/join_sent.html", shell.texts(visit), languages=languages)


def _form(
    shell: Shell, visit: Visit, joins: JoinService, problems: Sequence[tuple[str, str]] = ()
) -> Response:
    session = shell.sessions.read(visit.request) or shell.sessions.begin(VISITOR, FORM)
    texts = shell.texts(visit)
    response = shell.pages.render(
        "consent/join.html",
        texts,
        422 if problems else 200,
        languages=shell.pages.own_languages(),
        offered=joins.companies(),
        spoken=joins.languages(),
        entered=visit.form,
        problems=[(_ANCHORS.get(field, field), f"join.problem_{text}") for field, text in problems],
        wrong={field for field, _ in problems},
        token=shell.tokens.issue(FORM, session),
    )
    shell.sessions.attach(response, session)
    return response


# --- behind the mailed link -----------------------------------------------------------------------


def open_join(shell: Shell, visit: Visit) -> Response:
    """`GET /j/{token}`: from the mail to the page that asks; opening it changes nothing."""
    joins, token = _joins(shell), visit.request.path_params["token"]
    if joins.find(token) is None:
        if not shell.strangers.allows(visit.client):
            raise HTTPException(429)
        raise Stranger
    response = RedirectResponse(shell.pages.path("/j"), 303)
    if visit.request.method != "HEAD":
        current = shell.sessions.read(visit.request)
        same = current is not None and (current.kind, current.reference) == (HOLDER, token)
        session = current if same and current else shell.sessions.begin(HOLDER, token)
        shell.sessions.attach(response, session)
    return response


def question(shell: Shell, visit: Visit) -> Response:
    """`GET /j`: was it you, or does your earlier no still hold?"""
    session, found = _held(shell, visit)
    return _page(shell, session, found)


def answer(shell: Shell, visit: Visit) -> Response:
    """`POST /j`: take the one act that was chosen."""
    session, found = _held(shell, visit)
    shell.submission(visit, session, ANSWER)
    texts = _texts(shell, visit, found)
    act = _ACTS.get((_asks(found), visit.form.one("act")))
    if act is None:
        return _page(shell, session, found, problem=True)
    response = act(shell, texts, session)
    shell.wake()
    return response


def _held(shell: Shell, visit: Visit) -> tuple[Session, OpenJoin]:
    """Return the session of a mailed link and its request; raises `Stranger`."""
    joins, session = _joins(shell), shell.sessions.read(visit.request)
    found = joins.find(session.reference) if session and session.kind == HOLDER else None
    if session is None or found is None:
        raise Stranger
    return session, found


def _asks(found: OpenJoin) -> str:
    """Return what the page asks: who it was, an objection, an earlier no; "" for nothing more."""
    if found.state is JoinState.UNPROVEN:
        return "confirm"
    if found.question:
        return found.question
    return "address" if found.objected else ""


def _confirm(shell: Shell, texts: Texts, session: Session) -> Response:
    found = _joins(shell).prove(session.reference)
    if found is None:
        raise Stranger
    return _page(shell, session, found, texts=texts)


def _not_me(shell: Shell, texts: Texts, session: Session) -> Response:
    _joins(shell).disown(session.reference)
    return _done(shell, texts, "not_me")


def _take_back(shell: Shell, texts: Texts, session: Session) -> Response:
    if not _joins(shell).take_back(session.reference):
        raise Stranger
    return _done(shell, texts, "taken_back")


def _keep(shell: Shell, texts: Texts, session: Session) -> Response:
    _joins(shell).keep(session.reference)
    return _done(shell, texts, "kept")


_Act = Callable[[Shell, Texts, Session], Response]
_ACTS: Final[Mapping[tuple[str, str], _Act]] = {
    ("confirm", "confirm"): _confirm,
    ("confirm", "not_me"): _not_me,
    **{
        (asked, act): handler
        for asked in ("address", "objected", "do_not_consider")
        for act, handler in (("take_back", _take_back), ("keep", _keep))
    },
}


def _texts(shell: Shell, visit: Visit, found: OpenJoin) -> Texts:
    return all_texts().get(found.language) or shell.texts(visit)


def _page(
    shell: Shell,
    session: Session,
    found: OpenJoin,
    *,
    texts: Texts | None = None,
    problem: bool = False,
) -> Response:
    spoken = texts or all_texts().get(found.language) or next(iter(all_texts().values()))
    response = shell.pages.render(
        "consent/join_answer.html",
        spoken,
        422 if problem else 200,
        found=found,
        asks=_asks(found),
        problem=problem,
        token=shell.tokens.issue(ANSWER, session),
    )
    shell.sessions.attach(response, session)
    return response


def _done(shell: Shell, texts: Texts, what: str) -> Response:
    return shell.pages.render("consent/join_done.html", texts, what=what)
