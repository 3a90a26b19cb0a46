"""Another address: named on `/p`, proven on `/e` by whoever reads the mail that went there.

Opening that link changes nothing, as with every link. Its page shows no name and no detail: it may
have reached a stranger, whom a wrong letter has named.
"""

from typing import Final

from starlette.responses import Response

from alumni_sync.consent.answers.answer import Conflict, Decided, Invalid
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.sites.consent.choices import ADDRESS_FORM, after, choices
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.languages import Texts, all_texts
from alumni_sync.sites.sessions import Session

FORM: Final = "prove"
_PROVES: Final = "mine"
_REFUSES: Final = "not_mine"


def change(shell: Shell, visit: Visit) -> Response:
    """`POST /p/email`: name another address; it is used once it is proven."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, ADDRESS_FORM)
    language, typed = submitted.about["language"], visit.form.one("email")
    if not typed:
        shown = shell.view(visit, session, language)
        return choices(shell, shown, session, status=422, problem="nothing_chosen_address")
    outcome = shell.preferences.change_address(
        session.reference, typed, shell.evidence(visit, session), submitted.nonce, language
    )
    return after(shell, visit, session, outcome, language, where="address")


def ask(shell: Shell, visit: Visit) -> Response:
    """`GET /e`: ask whoever reads the mail whether the address is theirs."""
    session = shell.session(visit, LinkKind.VERIFY)
    if shell.view(visit, session).resting.pending_until is None:
        raise Stranger
    return _page(shell, visit, session)


def prove(shell: Shell, visit: Visit) -> Response:
    """`POST /e`: take the proof, or the word that it is somebody else's address."""
    session = shell.session(visit, LinkKind.VERIFY)
    submitted = shell.submission(visit, session, FORM)
    language, act = submitted.about["language"], visit.form.one("act")
    evidence = shell.evidence(visit, session)
    if act == _REFUSES:
        if not shell.preferences.refuse_address(session.reference, evidence):
            raise Stranger
        return _refused(shell, _texts(shell, visit, session, language))
    if act != _PROVES:
        return _page(shell, visit, session, status=422, problem="nothing_chosen_address")
    outcome = shell.preferences.prove_address(
        session.reference, evidence, submitted.nonce, language
    )
    if isinstance(outcome, Decided):
        return shell.answered("/consent/done", session)
    if isinstance(outcome, Conflict) and outcome.reason == "used":
        raise Stranger
    problem = "email" if isinstance(outcome, Invalid) else "not_proven"
    return _page(shell, visit, session, status=409, problem=problem)


def _page(
    shell: Shell, visit: Visit, session: Session, *, status: int = 200, problem: str = ""
) -> Response:
    texts = _texts(shell, visit, session, visit.request.query_params.get("lang", ""))
    response = shell.pages.render(
        "consent/prove.html",
        texts,
        status,
        languages=shell.pages.own_languages(),
        problem=problem,
        finished=False,
        token=shell.tokens.issue(FORM, session, {"language": texts.code}),
    )
    shell.sessions.attach(response, session)
    return response


def _refused(shell: Shell, texts: Texts) -> Response:
    return shell.pages.render("consent/prove.html", texts, finished=True, problem="")


def _texts(shell: Shell, visit: Visit, session: Session, wanted: str) -> Texts:
    """Return the texts in the language that the mail was written in, or that was chosen since."""
    shown = shell.view(visit, session, wanted)
    return all_texts()[shown.language]
