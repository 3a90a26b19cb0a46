"""Pages: templates, the stylesheet, and what every template may use.

Templates escape everything and fail on an unknown name. There is no script and no inline style
anywhere: the content security policy would not let either through.

They are files of this package, code like the rest of it, so they run outside Jinja2's sandbox: it
asks at every attribute, and a page reads four hundred. What others write (`rules/`: notices, forms,
mails) stays within one and comes in here as a value, never as a template.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MethodType
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from alumni_sync.sites.headers import Address
from alumni_sync.sites.languages import Texts, all_texts, preferred

_PACKAGE: Final = files("alumni_sync.sites")
_STATIC: Final[Mapping[str, str]] = {"style.css": "text/css", "mark.svg": "image/svg+xml"}
_LETTER_AND_WORD: Final = re.compile(r"(?<![\w&#;/.@-])\w-\w+(?![^<>]*>)")
_A_YEAR: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file; its name in a page carries its hash, so it may be cached for a year."""

    content: bytes
    media_type: str
    fingerprint: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return the few static files, read once."""
    found = {}
    for name, media_type in _STATIC.items():
        content = _PACKAGE.joinpath("static", name).read_bytes()
        found[name] = Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12])
    return found


def asset_response(name: str) -> Response:
    """Return a static file; the caller has a route for each name."""
    asset = assets()[name]
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": _A_YEAR})


_OURS: Final = frozenset({Texts, MethodType})


class _Context(Context):
    """What a template is rendered in; texts and methods of ours are called without questions."""

    def call(self, obj: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 any value
        """Call what a template calls, sixty times a page; only Jinja2's own want the context."""
        if type(obj) in _OURS:
            kwargs.pop("_block_vars", None)
            kwargs.pop("_loop_vars", None)
            return obj(*args, **kwargs)
        return super().call(obj, *args, **kwargs)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(_PACKAGE.joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.context_class = _Context
    environment.filters["demoted"] = demoted
    environment.filters["lower_first"] = lower_first
    environment.filters["whole"] = whole
    environment.globals["versions"] = {name: a.fingerprint for name, a in assets().items()}
    return environment


def demoted(html: str) -> str:
    """Return our own rendered Markdown one heading level lower, for a page with its own `h1`."""
    for level in (3, 2, 1):
        html = html.replace(f"<h{level}>", f"<h{level + 1}>")
        html = html.replace(f"</h{level}>", f"</h{level + 1}>")
    return html


def whole(html: str) -> str:
    """Return our own rendered Markdown with "e-mail" on one line; no letter of it is another."""
    return _LETTER_AND_WORD.sub(r'<span class="whole">\g<0></span>', html)


def lower_first(sentence: str) -> str:
    """Return a sentence of ours as it goes on behind a colon; "I" stays what it is."""
    return sentence if sentence.startswith("I ") else sentence[:1].lower() + sentence[1:]


class Pages:
    """Renders the pages of one site."""

    def __init__(self, address: Address, languages: tuple[str, ...], **always: object) -> None:
        """Keep what every page of the site uses.

        Args:
            address: where the site is reached; gives the path prefix of links.
            languages: of pages that belong to nobody, best first.
            always: further values that every template of the site may use.
        """
        self._address = address
        self._languages = languages
        self._always = always

    def path(self, path: str) -> str:
        """Return the path of one of our pages as a browser must ask for it."""
        return self._address.prefix + path

    def texts_for(self, request: Request) -> Texts:
        """Return the texts for a page that belongs to nobody."""
        wanted = request.query_params.get("lang", "")
        if wanted not in self._languages:
            wanted = preferred(request.headers.get("accept-language", ""), self._languages)
        return all_texts()[wanted]

    def own_languages(self) -> Mapping[str, str]:
        """Return code → name of the languages for pages that belong to nobody."""
        return {code: all_texts()[code].name for code in self._languages}

    def render(
        self,
        template: str,
        texts: Texts,
        status_code: int = 200,
        **values: Any,  # noqa: ANN401 each template has its own
    ) -> HTMLResponse:
        """Return the page that `template` makes of `values`."""
        return self.response(self.markup(template, texts, **values), texts, status_code)

    def markup(
        self,
        template: str,
        texts: Texts,
        **values: Any,  # noqa: ANN401 each template has its own
    ) -> str:
        """Return what `template` makes of `values`."""
        shown = {"languages": {}, **self._always, **values}
        made = _environment().get_template(template)
        return made.render(t=texts, path=self.path, origin=self._address.origin, **shown)

    def response(self, body: str | bytes, texts: Texts, status_code: int = 200) -> HTMLResponse:
        """Return a page that was made already."""
        return HTMLResponse(
            body, status_code, headers={"Content-Language": texts.code, "Vary": "Accept-Language"}
        )
