"""SCIM over HTTP: calls and their answers, what the server can do, and looking people up.

No filter is trusted. One server answers any filter with all users, the administrator first; so
matches are checked here, and where a server is caught ignoring filters, everybody is listed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from alumni_sync.errors import ContractBroken, PermanentError
from connectors.http_client import Answer, Call, HttpClient
from connectors.platforms.scim.resource import CORE, Dialect, is_ours, merged, patch_body, quoted

VENDOR: Final = "scim"
_DONE: Final = frozenset({200, 201, 204})
_TOLD: Final = frozenset({400, 404, 409, 412})
"""Statuses that say something about this one user; the connector decides what."""

_OK: Final = 200
_NOT_FOUND: Final = 404

User = dict[str, Any]


class _ListRefused(PermanentError):
    """The server does not list users this way; a filter it does not know is a 400."""


class ScimClient:
    """The calls of RFC 7644 that we need."""

    def __init__(self, http: HttpClient, page_size: int) -> None:
        """Keep the session; nothing is sent."""
        self._http = http
        self._page_size = page_size
        self._dialect: Dialect | None = None

    @property
    def dialect(self) -> Dialect:
        """What the server says it can do, asked once."""
        if self._dialect is None:
            self._dialect = self._discover()
        return self._dialect

    def get(self, user_id: str) -> User | None:
        """Return a user, None where there is none."""
        answer = self._send("GET", f"/Users/{_segment(user_id)}", "get user")
        return None if answer.status == _NOT_FOUND else _user(answer)

    def create(self, body: User) -> Answer:
        """Create a user; not repeated where the server may have done it."""
        return self._send("POST", "/Users", "create user", body=body, repeatable=False)

    def change(self, user: User, changes: Mapping[str, Any]) -> Answer:
        """Bring about `changes`; by replacing the whole user where the server knows no PATCH."""
        path = f"/Users/{_segment(user['id'])}"
        version = (user.get("meta") or {}).get("version", "")
        headers = {"If-Match": version} if self.dialect.etag and version else {}
        if self.dialect.patch:
            body = patch_body(changes)
            return self._send("PATCH", path, "change user", body=body, headers=headers)
        body = merged(user, changes)
        return self._send("PUT", path, "replace user", body=body, headers=headers)

    def delete(self, user_id: str) -> Answer:
        """Delete a user."""
        return self._send("DELETE", f"/Users/{_segment(user_id)}", "delete user")

    def find(self, attribute: str, value: str) -> list[User] | None:
        """Return the users the server finds, None where its filters cannot be used."""
        if not self.dialect.filtering:
            return None
        found: list[User] | None
        try:
            found = list(self._pages({"filter": f"{attribute} eq {quoted(value)}"}))
        except _ListRefused:
            found = None
        if found is None or any(_differs(user.get(attribute), value) for user in found):
            self._dialect = replace(self.dialect, filtering=False)
            return None
        return found

    def everybody(self) -> Iterator[User]:
        """Yield all users, page by page.

        Raises:
            ContractBroken: the list ended before the announced total, or went in circles.
        """
        return self._pages({})

    def probe(self) -> None:
        """Ask for the configuration and one user: reachable, and allowed to read."""
        self._dialect = self._discover()
        self._send("GET", "/Users", "list users", params={"startIndex": "1", "count": "1"})

    # --- within -----------------------------------------------------------------------------------

    def _send(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        body: User | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Answer:
        call = Call(
            method,
            path,
            operation,
            params=params or {},
            headers=headers or {},
            json=body,
            accept=_DONE | _TOLD,
            repeatable=repeatable,
        )
        return self._http.send(call)

    def _pages(self, query: Mapping[str, str]) -> Iterator[User]:
        seen: set[str] = set()
        total = 1
        while len(seen) < total:
            params = {**query, "startIndex": str(len(seen) + 1), "count": str(self._page_size)}
            answer = self._send("GET", "/Users", "list users", params=params)
            body = answer.body
            if answer.status != _OK or not isinstance(body, dict):
                what = f"HTTP {answer.status}"
                raise _ListRefused(VENDOR, "list users", what, request_id=answer.request_id)
            page = body.get("Resources") or []
            total = int(body.get("totalResults", len(page)))
            fresh = {str(user.get("id")) for user in page} - seen
            if total > len(seen) and not fresh:
                raise ContractBroken(VENDOR, "list users", "the list ended before its total")
            seen |= fresh
            yield from page

    def _discover(self) -> Dialect:
        config = self._send("GET", "/ServiceProviderConfig", "read the server's configuration")
        told = config.body if isinstance(config.body, dict) else {}
        schemas = self._schemas()
        core = schemas.get(CORE)
        return Dialect(
            patch=_offered(told, "patch"),
            filtering=_offered(told, "filter"),
            etag=_offered(told, "etag"),
            attributes=None if core is None else _attributes(core),
            extensions=frozenset(schemas) - {CORE},
        )

    def _schemas(self) -> Mapping[str, User]:
        """Return the schemas by URN; empty where the server does not tell them."""
        answer = self._send("GET", "/Schemas", "read the server's schemas")
        if answer.status != _OK or not isinstance(answer.body, dict):
            return {}
        return {str(schema.get("id")): schema for schema in answer.body.get("Resources") or []}


def only(users: list[User], alumni_id: str) -> list[User]:
    """Return those who carry exactly this id of ours."""
    return [user for user in users if is_ours(user, alumni_id)]


def _differs(held: object, value: str) -> bool:
    return str(held).casefold() != value.casefold()


def _offered(config: Mapping[str, Any], feature: str) -> bool:
    return bool((config.get(feature) or {}).get("supported", False))


def _attributes(schema: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {
        str(attribute["name"]): frozenset(
            str(part["name"]) for part in attribute.get("subAttributes") or []
        )
        for attribute in schema.get("attributes") or []
    }


def _user(answer: Answer) -> User:
    if answer.status != _OK or not isinstance(answer.body, dict):
        what = f"HTTP {answer.status}"
        raise PermanentError(VENDOR, "get user", what, request_id=answer.request_id)
    return answer.body


def _segment(user_id: str) -> str:
    """Return an id of the server's as one path segment."""
    return quote(user_id, safe="")
