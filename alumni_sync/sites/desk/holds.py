"""Legal holds and restrictions at the desk: set or lifted on a person's file."""

from typing import Final

from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.privacy.holds import REASONS, holds_of, lift_hold, matter_problem, set_hold
from alumni_sync.privacy.restriction import lift
from alumni_sync.reporting.story import read_story
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.people import (
    HOLD,
    RESTRICTION,
    hold_version,
    must_exist,
    person_page,
    restriction_version,
)
from alumni_sync.sites.desk.shell import Desk, seen_version
from alumni_sync.sites.endpoints import Visit

_CHANGED: Final = "This has changed since you opened the page. Look at how it stands now."


def hold(desk: Desk, visit: Visit) -> Response:
    """`POST /person/P-…/hold`: set or lift a legal hold, with its reason."""
    identity = desk.visitor(visit.request, Act.LEGAL_HOLD)
    person_id = visit.request.path_params["person"]
    submission = desk.submitted(visit, identity, HOLD, person_id)
    act, reason, matter = (visit.form.one(name) for name in ("act", "reason", "matter"))
    d = desk.behind.d
    must_exist(desk, person_id)
    seen = seen_version(submission)
    if seen != hold_version(holds_of(d, person_id)):
        problems = (("hold-reason", _CHANGED),)
        return person_page(desk, identity, person_id, status=409, problems=problems)
    if act == "lift":
        if not reason:
            return _hold_again(desk, identity, person_id, matter, "Choose why it is lifted.")
        lift_hold(d, person_id, identity, reason=reason)
        return desk.onward(f"/person/{person_id}?done=lifted")
    if act != "set" or seen % 2:
        return _hold_again(desk, identity, person_id, matter, "Choose what to do.")
    problem = matter_problem(matter)
    if problem or reason not in REASONS:
        why = f"The matter {problem}." if problem else "Choose why it is set."
        return _hold_again(desk, identity, person_id, matter, why)
    set_hold(d, person_id, identity, reason=reason, matter=matter)
    return desk.onward(f"/person/{person_id}?done=held")


def _hold_again(desk: Desk, identity: Identity, person_id: str, matter: str, why: str) -> Response:
    problems = (("hold-reason", why),)
    typed = {"matter": matter}
    return person_page(desk, identity, person_id, status=422, problems=problems, typed=typed)


def restriction(desk: Desk, visit: Visit) -> Response:
    """`POST /person/P-…/restriction`: lift it, once the person was told (GDPR Art. 18(3))."""
    identity = desk.visitor(visit.request, Act.HANDLE_REQUEST)
    person_id = visit.request.path_params["person"]
    submission = desk.submitted(visit, identity, RESTRICTION, person_id)
    must_exist(desk, person_id)
    since = read_story(desk.behind.d, person_id).person["restricted_at"]
    if since is not None and seen_version(submission) != restriction_version(since):
        return person_page(desk, identity, person_id, status=409, problems=(("told", _CHANGED),))
    if visit.form.one("told") != "yes":
        problems = (("told", "Tell them first, and say here that you did."),)
        return person_page(desk, identity, person_id, status=422, problems=problems)
    lift(desk.behind.d, person_id, identity)
    return desk.onward(f"/person/{person_id}?done=unrestricted")


ROOMS: Final = (
    ("/person/{person}/hold", hold, ("POST",)),
    ("/person/{person}/restriction", restriction, ("POST",)),
)
"""Path, handler and methods."""
