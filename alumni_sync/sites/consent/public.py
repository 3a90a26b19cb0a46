"""Pages that belong to nobody: notices, the rules in plain words, what strangers see."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.languages import Texts, all_texts
from alumni_sync.sites.pages import asset_response

_AN_HOUR: Final = "public, max-age=3600"


def notice(shell: Shell, visit: Visit) -> Response:
    """`GET /n/{id}/{version}/{lang}`: a version, as the people of each controller see it."""
    names = visit.request.path_params
    language = names["lang"]
    if language not in all_texts():
        raise HTTPException(404)
    found = shell.service.notice(names["id"], names["version"], language)
    if found is None:
        raise HTTPException(404)
    tag = f'"{found.tag}"'
    headers = {"Cache-Control": _AN_HOUR, "ETag": tag}
    if visit.request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    response = shell.pages.render("consent/notice.html", all_texts()[language], notice=found)
    response.headers.update(headers)
    return response


def how_we_decide(shell: Shell, visit: Visit) -> Response:
    """`GET /how-we-decide`: the active rules, each as the sentence it says of itself."""
    texts = shell.texts(visit)
    return shell.pages.render(
        "consent/rules.html",
        texts,
        languages=shell.pages.own_languages(),
        rules=shell.service.rules(texts.code),
    )


def healthy(_shell: Shell, _visit: Visit) -> Response:
    """`GET /healthz`: the process answers; says nothing about anybody."""
    return PlainTextResponse("ok\n")


def style(_shell: Shell, _visit: Visit) -> Response:
    """`GET /style.css`."""
    return asset_response("style.css")


def mark(_shell: Shell, _visit: Visit) -> Response:
    """`GET /mark.svg`."""
    return asset_response("mark.svg")


def stranger(shell: Shell, texts: Texts) -> Response:
    """Return the one page for unknown, expired, used and incomplete links: 404, always the same."""
    return shell.pages.render("consent/link.html", texts, 404)


def failed(shell: Shell, texts: Texts, status: int) -> Response:
    """Return the page for a status; one that has no words of its own is a bad request."""
    known = status if texts.has(f"failed.{status}.title") else 400
    return shell.pages.render("consent/failed.html", texts, status, status=known)
