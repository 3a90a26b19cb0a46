"""Requests of people at the desk: the list by deadline, one request, and what is done about it."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.privacy.handing_out import export_at_desk
from alumni_sync.privacy.request_rows import (
    RequestKind,
    RequestState,
    ShownRequest,
    list_requests,
    show_request,
)
from alumni_sync.privacy.requests import close_request, extend_request
from alumni_sync.privacy.restriction import restrict
from alumni_sync.privacy.subject_export import DATA, PAGE
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.shell import Desk, allowed, seen_version
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form

REQUEST: Final = "request"
DATA_FORM: Final = "request-data"
ON_A_PAGE: Final = 50
_GIVES_DATA: Final = frozenset({RequestKind.ACCESS, RequestKind.EXPORT})
_MEDIA: Final[Mapping[str, tuple[str, str]]] = {
    "zip": ("", "application/zip"),
    "html": (PAGE, "text/html; charset=utf-8"),
    "json": (DATA, "application/json"),
}
"""What can be chosen → which file of the export it is ("": all of them), and its type."""
KINDS: Final[Mapping[str, str]] = {
    RequestKind.ACCESS.value: "to see what we have (Art. 15)",
    RequestKind.EXPORT.value: "a copy to take along (Art. 20)",
    RequestKind.RECTIFY.value: "to have something corrected (Art. 16)",
    RequestKind.RESTRICT.value: "to have it kept and not used (Art. 18)",
    RequestKind.ERASE.value: "to be erased (Art. 17)",
    RequestKind.CONTEST.value: "a person to look at a verdict again (Art. 22)",
    RequestKind.OBJECT.value: "not to be written to any more (Art. 21)",
}
_DONE: Final[Mapping[str, str]] = {
    "answered": "The request is closed, and the answer goes out by mail.",
    "by_post": "The request is closed. There is no address for mail: answer by letter.",
    "extended": "The deadline is extended, and the person is told why.",
    "restricted": "From now on their data is kept and used for nothing else.",
    "requested": "The request is taken down.",
}


def requests(desk: Desk, visit: Visit) -> Response:
    """`GET /requests`: those that wait, the most urgent first; all of them with `?all=1`."""
    identity, asked = desk.visitor(visit.request, Act.SEE_REQUEST), visit.request.query_params
    everything, after = asked.get("all") == "1", asked.get("after", "").upper()
    try:
        found = list_requests(
            desk.behind.d, identity, waiting=not everything, after=after, limit=ON_A_PAGE + 1
        )
    except Refused:
        raise HTTPException(404) from None
    lines = found[:ON_A_PAGE]
    return desk.page(
        "desk/requests.html",
        identity,
        lines=lines,
        everything=everything,
        after=after,
        later=lines[-1].number if len(found) > ON_A_PAGE else "",
    )


def request(desk: Desk, visit: Visit) -> Response:
    """`GET /request/SR-000123`: what was asked. `POST`: done, refused, extended, restricted."""
    identity = desk.visitor(visit.request, Act.SEE_REQUEST)
    number = visit.request.path_params["number"].upper()
    if visit.request.method != "POST":
        return _page(desk, identity, number, done=visit.request.query_params.get("done", ""))
    submission = desk.submitted(visit, identity, REQUEST, number)
    shown = _shown(desk, identity, number)
    if _version(shown) != seen_version(submission):
        why = "This request has changed since: this is how it stands now. Nothing was saved."
        return _page(desk, identity, number, 409, why=why)
    try:
        done = _act(desk, identity, shown, visit.form)
    except Refused as refused:
        text = str(refused)
        return _page(desk, identity, number, 422, why=f"{text[:1].upper()}{text[1:]}.",
                     entered=visit.form)  # fmt: skip
    return desk.onward(f"/request/{number}?done={done}")


def data(desk: Desk, visit: Visit) -> Response:
    """`POST /request/SR-000123/data`: everything about the person, as a file; kept nowhere.

    Who takes it is written down before it is made. It is for whoever asked: no other request hands
    anything out, and nothing does once it is closed.
    """
    identity = desk.visitor(visit.request, Act.HANDLE_REQUEST)
    number = visit.request.path_params["number"].upper()
    desk.submitted(visit, identity, DATA_FORM, number)
    shown = _shown(desk, identity, number).summary
    if shown.state is not RequestState.OPEN or shown.kind not in _GIVES_DATA:
        return _page(desk, identity, number, 409, why="This request hands nothing out any more.")
    form = visit.form.one("as")
    if form not in _MEDIA:
        return _page(desk, identity, number, 422, why="Choose how you want the data.", where="as")
    made = export_at_desk(desk.behind.d, shown.person_id, identity)
    name, media_type = _MEDIA[form]
    return Response(
        made.files[name] if name else made.zipped(),
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{number}.{form}"',
            "Cache-Control": "no-store",
        },
    )


def _act(desk: Desk, identity: Identity, shown: ShownRequest, form: Form) -> str:
    """Do what was chosen; return the code of what was done.

    Raises:
        Refused: it cannot be done; nothing was changed.
    """
    d, number, act = desk.behind.d, shown.summary.number, form.one("act")
    if act == "extend":
        extend_request(d, number, identity, reason=form.one("extension"))
        return "extended"
    if act == "restrict":
        restrict(d, shown.summary.person_id, identity)
        return "restricted"
    if act not in {RequestState.DONE.value, RequestState.REFUSED.value}:
        raise Refused("choose what to do")
    answer = form.one("answer")
    if not answer:
        raise Refused("write the answer: the person gets it")
    reason = form.one("refusal") if act == RequestState.REFUSED.value else ""
    closed = close_request(d, number, RequestState(act), identity, reason=reason, answer=answer)
    return "answered" if closed.mailed else "by_post"


def _shown(desk: Desk, identity: Identity, number: str) -> ShownRequest:
    """Return a request, written down as read; one that this visitor may not see does not exist."""
    try:
        return show_request(desk.behind.d, number, identity)
    except Refused:
        raise HTTPException(404) from None


def _version(shown: ShownRequest) -> int:
    """Return what a page about a request depends on, as a number: how often it has changed."""
    return len(shown.history)


def _page(
    desk: Desk,
    identity: Identity,
    number: str,
    status: int = 200,
    *,
    why: str = "",
    where: str = "act",
    done: str = "",
    entered: Form | None = None,
) -> Response:
    shown = _shown(desk, identity, number)
    return desk.page(
        "desk/request.html",
        identity,
        status,
        shown=shown,
        kinds=KINDS,
        may=allowed(
            desk, identity, Act.HANDLE_REQUEST, Act.SEE_CONSENT, source=shown.summary.source
        ),
        problems=((where, why),) if why else (),
        done=_DONE.get(done, ""),
        entered=entered or Form(),
        gives_data=shown.summary.kind in _GIVES_DATA,
        token=desk.token(identity, REQUEST, number, _version(shown)),
        data_token=desk.token(identity, DATA_FORM, number),
    )


ROOMS: Final = (
    ("/requests", requests, ("GET",)),
    ("/request/{number}", request, ("GET", "POST")),
    ("/request/{number}/data", data, ("POST",)),
)
"""Path, handler and methods."""
