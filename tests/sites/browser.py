"""What a browser without scripts does: keep cookies, read forms off a page, submit them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8400"
URLENCODED = "application/x-www-form-urlencoded"


@dataclass
class PageForm:
    """One form as it stands on a page."""

    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    offered: list[tuple[str, str]] = field(default_factory=list)
    preselected: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Mapping[str, str | None]] = field(default_factory=list)

    def filled(self, *chosen: tuple[str, str], **texts: str) -> list[tuple[str, str]]:
        """Return what the browser would send if a person chose `chosen` (all must be offered)."""
        assert set(chosen) <= set(self.offered), set(chosen) - set(self.offered)
        return [*self.hidden.items(), *(self.texts | texts).items(), *self.preselected, *chosen]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append(PageForm(given["action"] or "", given["method"] or "get"))
        elif tag == "button":
            self.found[-1].buttons.append(given)
        elif tag == "input":
            self._input(given, self.found[-1])
        elif tag == "textarea":
            self.found[-1].texts[given["name"] or ""] = ""
        elif tag == "select":
            self._select = given["name"] or ""
        elif tag == "option":
            self.found[-1].offered.append((self._select, given["value"] or ""))

    @staticmethod
    def _input(given: dict[str, str | None], form: PageForm) -> None:
        name, value = given["name"] or "", given.get("value") or ""
        if given["type"] == "hidden":
            form.hidden[name] = value
        elif given["type"] in {"text", "date", "email"}:
            form.texts[name] = value
        else:
            form.offered.append((name, value))
            if "checked" in given:
                form.preselected.append((name, value))


def forms(html: str) -> list[PageForm]:
    """Return the forms of a page in their order."""
    parser = _Forms()
    parser.feed(html)
    return parser.found


class Response:
    """What came back, in the words the tests use."""

    def __init__(self, raw: object) -> None:
        """Take what is looked at from a response of the test client."""
        self.status: int = raw.status_code  # type: ignore[attr-defined]  # the client's response
        self.headers: Mapping[str, str] = raw.headers  # type: ignore[attr-defined]  # likewise
        self.text: str = raw.text  # type: ignore[attr-defined]  # likewise
        self.content: bytes = raw.content  # type: ignore[attr-defined]  # likewise

    @property
    def forms(self) -> list[PageForm]:
        """The forms of the page."""
        return forms(self.text)

    @property
    def cookies(self) -> list[str]:
        """Every Set-Cookie line."""
        return self.headers.get_list("set-cookie")  # type: ignore[attr-defined,no-any-return]  # of the client's headers


class Browser:
    """One visitor with one cookie jar; follows nothing by itself."""

    def __init__(self, app: object, origin: str = ORIGIN, client: str = "203.0.113.7") -> None:
        """Visit `app`, reached at `origin`, from the address `client`."""
        self.origin = origin
        self._client = TestClient(
            app,  # type: ignore[arg-type]  # an ASGI application
            base_url=origin,
            follow_redirects=False,
            raise_server_exceptions=True,
            client=(client, 40000),
        )

    def ask(self, method: str, path: str, **headers: str) -> Response:
        """Send a request without a body."""
        names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return Response(self._client.request(method, path, headers=names))

    def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        return self.ask("GET", path, **headers)

    def follow(self, path: str) -> Response:
        """Open a page and go where it leads, as people do."""
        response = self.get(path)
        while response.status == 303:
            response = self.get(response.headers["location"])
        return response

    def post(
        self,
        path: str,
        fields: Iterable[tuple[str, str]] = (),
        *,
        body: bytes | None = None,
        kind: str = URLENCODED,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Submit fields as a browser does from our own page, unless `headers` say otherwise."""
        own = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        sent = {"Content-Type": kind, **(own if headers is None else headers)}
        content = urlencode(list(fields)).encode() if body is None else body
        return Response(self._client.post(path, content=content, headers=sent))

    def forget(self) -> None:
        """Throw the cookies away."""
        self._client.cookies.clear()
