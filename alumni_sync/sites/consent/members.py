"""What members change beside taking things back: more, later, a rest, mails. Each has its form.

Nothing is ticked or chosen beforehand, and every form needs one explicit choice: what is submitted
untouched changes nothing.
"""

from starlette.responses import Response

from alumni_sync.consent.answers.answer import Answer, Invalid, Outcome
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.sites.consent.choices import (
    ANEW_FORM,
    MAILS_FORM,
    REST_FORM,
    WAIT_FORM,
    after,
    choices,
)
from alumni_sync.sites.consent.decision import choice_of, not_before
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit


def say_anew(shell: Shell, visit: Visit) -> Response:
    """`POST /p/anew`: a new yes, to what stands and to what was ticked on top of it."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, ANEW_FORM)
    language = submitted.about["language"]
    if visit.form.one("answer") != Answer.YES.value:
        shown = shell.view(visit, session, language)
        return choices(
            shell, shown, session, status=422, problem="nothing_chosen_anew", form=visit.form
        )
    choice = choice_of(visit.form, submitted)
    outcome: Outcome = (
        choice
        if isinstance(choice, Invalid)
        else shell.preferences.say_yes_anew(
            session.reference, choice, shell.evidence(visit, session)
        )
    )
    return after(shell, visit, session, outcome, language, where="anew")


def wait(shell: Shell, visit: Visit) -> Response:
    """`POST /p/not-before`: no job offers before a day; later than before, so it works at once."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, WAIT_FORM)
    language = submitted.about["language"]
    days = not_before(visit.form)
    if not days:
        shown = shell.view(visit, session, language)
        return choices(shell, shown, session, status=422, problem="nothing_chosen_wait")
    outcome: Outcome = (
        days
        if isinstance(days, Invalid)
        else shell.preferences.wait_until(
            session.reference, days, shell.evidence(visit, session), submitted.nonce
        )
    )
    return after(shell, visit, session, outcome, language, where="wait")


def pause(shell: Shell, visit: Visit) -> Response:
    """`POST /p/pause`: hidden for one to three months, and back by itself."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, REST_FORM)
    language = submitted.about["language"]
    months = visit.form.one("months")
    if months not in {"1", "2", "3"}:
        shown = shell.view(visit, session, language)
        return choices(shell, shown, session, status=422, problem="nothing_chosen_rest")
    outcome = shell.preferences.pause(
        session.reference, int(months), shell.evidence(visit, session), submitted.nonce
    )
    return after(shell, visit, session, outcome, language, where="rest")


def end_pause(shell: Shell, visit: Visit) -> Response:
    """`POST /p/continue`: visible again at once."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, REST_FORM)
    language = submitted.about["language"]
    if visit.form.one("act") != "continue":
        shown = shell.view(visit, session, language)
        return choices(shell, shown, session, status=422, problem="nothing_chosen_rest")
    outcome = shell.preferences.end_pause(
        session.reference, shell.evidence(visit, session), submitted.nonce
    )
    return after(shell, visit, session, outcome, language, where="rest")


def let_mails_come(shell: Shell, visit: Visit) -> Response:
    """`POST /p/mails`: let the mails come again that one click has stopped."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, MAILS_FORM)
    shown = shell.view(visit, session, submitted.about["language"])
    if visit.form.one("act") != "again":
        return choices(shell, shown, session, status=422, problem="nothing_chosen_mails")
    shell.preferences.let_renewals_come(session.reference, shell.evidence(visit, session))
    shell.wake()
    return shell.onward(f"/p?saved=1&lang={shown.language}", session)
