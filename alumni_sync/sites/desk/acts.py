"""What a person told us, written down at the desk: something taken back, a no, a form to print."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.answers.answer import Channel, Conflict, Decided, Invalid, Outcome
from alumni_sync.consent.paper.forms import print_form
from alumni_sync.consent.paper.told import LESSENS, WITHDRAW, Told, record_withdrawal
from alumni_sync.domain import LIVE_STATES, ConsentState, Identity
from alumni_sync.ports import Purpose
from alumni_sync.reporting.person_file import ConsentLine
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.people import opened
from alumni_sync.sites.desk.shell import Desk, allowed
from alumni_sync.sites.desk.words import NOT_NOW, day, problem_words
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form
from alumni_sync.sites.languages import all_texts

TOLD: Final = "told"
PRINT: Final = "print"
_CHANNELS: Final = {one.value: one for one in (Channel.PHONE, Channel.LETTER)}
_SOME: Final = "purposes"
_ANSWERABLE: Final = {ConsentState.INVITED, ConsentState.DEFERRED, ConsentState.ADDRESS_PENDING}


def answer(desk: Desk, visit: Visit) -> Response:
    """`GET /person/P-…/answer/I-…`: what can be recorded now. `POST`: record it."""
    identity = desk.visitor(visit.request, Act.RECORD_WITHDRAWAL, Act.RECORD_CONSENT)
    person_id, invitation_id = _named(visit)
    if visit.request.method != "POST":
        return _answer_page(desk, identity, person_id, invitation_id)
    submission = desk.submitted(visit, identity, TOLD, invitation_id)
    told = _told(visit.form)
    if isinstance(told, str):
        return _answer_page(desk, identity, person_id, invitation_id, 422,
                            problems=(("told", told),), form=visit.form)  # fmt: skip
    outcome = record_withdrawal(desk.behind.d, invitation_id, told, identity, submission.nonce)
    if isinstance(outcome, Decided):
        desk.behind.wake()
        done = "withdrawn" if told.what == WITHDRAW else "refused"
        return desk.onward(f"/person/{person_id}?done={done}")
    return _not_taken(desk, identity, person_id, invitation_id, outcome, visit.form)


def _told(form: Form) -> Told | str:
    """Return what was told, or what is missing to know it."""
    channel, what = _CHANNELS.get(form.one("channel")), form.one("what")
    if channel is None:
        return "Choose how the person told us."
    if what not in {WITHDRAW, _SOME, *LESSENS}:
        return "Choose what the person told us."
    purposes = frozenset(one for one in Purpose if one.value in form.chosen("purpose"))
    if what == _SOME and not purposes:
        return "Choose which purposes end."
    return Told(
        channel=channel,
        what=WITHDRAW if what == _SOME else what,
        received_on=day(form.one("received_on")),
        kept=form.one("kept"),
        purposes=purposes if what == _SOME else None,
    )


def _not_taken(
    desk: Desk,
    identity: Identity,
    person_id: str,
    invitation_id: str,
    outcome: Outcome,
    form: Form,
) -> Response:
    if isinstance(outcome, Invalid):
        problems = tuple((name, problem_words(name, code)) for name, code in outcome.problems)
        return _answer_page(desk, identity, person_id, invitation_id, 422,
                            problems=problems, form=form)  # fmt: skip
    why = "It stands otherwise by now: nothing was changed. Look at what is here."
    return _answer_page(desk, identity, person_id, invitation_id, 409, problems=(("told", why),))


def _answer_page(
    desk: Desk,
    identity: Identity,
    person_id: str,
    invitation_id: str,
    status: int = 200,
    *,
    problems: tuple[tuple[str, str], ...] = (),
    form: Form | None = None,
) -> Response:
    file = opened(desk, identity, person_id)
    consent = next((one for one in file.consents if one.invitation_id == invitation_id), None)
    if consent is None:
        raise HTTPException(404)
    return desk.page(
        "desk/answer.html",
        identity,
        status,
        file=file,
        consent=consent,
        may=allowed(desk, identity, Act.RECORD_WITHDRAWAL, Act.RECORD_CONSENT, source=file.source),
        can=_can(consent),
        languages={code: texts.name for code, texts in all_texts().items()},
        problems=problems,
        entered=form or Form(),
        told_token=desk.token(identity, TOLD, invitation_id, consent.version),
        print_token=desk.token(identity, PRINT, invitation_id, consent.version),
    )


def _can(consent: ConsentLine) -> Mapping[str, bool]:
    """Return what there is to be recorded, as the state stands."""
    return {
        "withdraw": consent.state in LIVE_STATES | {ConsentState.PAUSED},
        "refuse": consent.state in _ANSWERABLE,
        "paper": consent.state in _ANSWERABLE,
    }


def printed(desk: Desk, visit: Visit) -> Response:
    """`POST /person/P-…/answer/I-…/form`: keep what the form says, and show it for printing."""
    identity = desk.visitor(visit.request, Act.RECORD_CONSENT)
    person_id, invitation_id = _named(visit)
    desk.submitted(visit, identity, PRINT, invitation_id)
    language = visit.form.one("language")
    if language not in all_texts():
        return _answer_page(desk, identity, person_id, invitation_id, 422,
                            problems=(("language", "Choose a language."),))  # fmt: skip
    outcome = print_form(desk.behind.d, invitation_id, language, identity)
    if isinstance(outcome, Conflict):
        why = NOT_NOW.get(outcome.reason, NOT_NOW["state"])
        return _answer_page(desk, identity, person_id, invitation_id, 409,
                            problems=(("language", why),))  # fmt: skip
    return desk.onward(f"/form/{outcome}")


def _named(visit: Visit) -> tuple[str, str]:
    """Return the person and the invitation of an address."""
    params = visit.request.path_params
    return params["person"], params["invitation"]


ROOMS: Final = (
    ("/person/{person}/answer/{invitation}", answer, ("GET", "POST")),
    ("/person/{person}/answer/{invitation}/form", printed, ("POST",)),
)
"""Path, handler and methods."""
