"""The connector of SCIM 2.0 servers: look, write, read back; hide by `active`, erase by DELETE."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from ipaddress import ip_address
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from alumni_sync.errors import (
    AuthRejected,
    ConnectorError,
    ContractBroken,
    PermanentError,
    Unavailable,
)
from alumni_sync.ports import (
    Engagement,
    MemberChoice,
    MemberRef,
    PlatformHealth,
    PlatformInfo,
    PluginContext,
    Profile,
    Removal,
    Residue,
    WriteOutcome,
    WriteResult,
)
from connectors.http_client import Answer, HttpClient, RateBudget
from connectors.platforms.scim import resource
from connectors.platforms.scim.client import VENDOR, ScimClient, User, only
from connectors.platforms.scim.extension import URN

_ATTEMPTS_AT_A_MOVING_TARGET: Final = 3
_FAILURES_IN_A_ROW: Final = 3
_BATCH: Final = 25  # claimed at a time: a call takes long enough for a person to withdraw meanwhile


class ScimSettings(BaseModel):
    """Settings of platform `scim`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Base address, up to and without /Users.")
    token: SecretStr = Field(description="Bearer token; take it from the environment.")
    user_name: Literal["alumni_id", "email"] = Field(
        default="alumni_id", description="What becomes the userName: our opaque id, or the address."
    )
    page_size: int = Field(default=100, ge=1, le=1000, description="Users asked for at a time.")
    calls_per_minute: int | None = Field(
        default=None, ge=1, description="Our own limit, where the server has one; none by default."
    )

    @field_validator("url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname)):
            return value
        msg = "must start with https:// (http:// only on this machine)"
        raise ValueError(msg)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class ScimPlatform:
    """Holds members as users of a SCIM server."""

    info: ClassVar[PlatformInfo] = PlatformInfo(
        name="scim",
        vendor="any SCIM 2.0 server",
        docs_url="https://www.rfc-editor.org/rfc/rfc7644",
        auth="bearer token",
        capabilities={
            "lookup": "externalId",
            "update": "merge",
            "visibility": "with our schema extension",
            "purposes": "with our schema extension",
            "segments": "with our schema extension",
            "batch": _BATCH,
            "etag": True,
            "removal": "hide, erase",
            "choices": False,
            "engagement": False,
        },
        rate_limit="the server's; Retry-After is obeyed",
    )
    Settings: ClassVar[type[BaseModel]] = ScimSettings

    def __init__(
        self, settings: ScimSettings, context: PluginContext, http: HttpClient | None = None
    ) -> None:
        """Keep settings; nothing is sent. `http` replaces the session in tests."""
        del context
        limit = settings.calls_per_minute
        self._by_address = settings.user_name == "email"
        self._client = ScimClient(
            http
            or HttpClient(
                VENDOR,
                settings.url,
                authorization=f"Bearer {settings.token.get_secret_value()}",
                headers={
                    "Accept": "application/scim+json, application/json",
                    "Content-Type": "application/scim+json",
                },
                budget=RateBudget(limit, 60.0) if limit else None,
            ),
            settings.page_size,
        )

    def check(self) -> PlatformHealth:
        """Ask for the server's configuration and one user; nothing is written."""
        try:
            self._client.probe()
        except ConnectorError as error:
            return PlatformHealth(ok=False, problems=(str(error),))
        dialect = self._client.dialect
        notes = []
        if not dialect.filtering:
            notes.append("no filters: every look-up lists all users")
        if not dialect.patch:
            notes.append("no PATCH: users are replaced as a whole")
        if URN not in dialect.extensions:
            notes.append("no alumni_sync extension: only fields shown to members are sent")
        return PlatformHealth(ok=True, notes=tuple(notes))

    def members(self) -> Iterator[MemberRef]:
        """Yield users who carry an id of ours."""
        for user in self._client.everybody():
            alumni_id = str(user.get("externalId") or "")
            if resource.OURS.fullmatch(alumni_id):
                yield MemberRef(alumni_id, str(user["id"]), not resource.is_hidden(user))

    def upsert(self, profiles: Sequence[Profile]) -> Iterator[WriteResult]:
        """Look up, create or change, read back; one after the other."""
        look = self._lookup()
        return _one_by_one(
            [profile.alumni_id for profile in profiles],
            lambda number: self._write(profiles[number], look),
        )

    def remove(self, members: Sequence[MemberRef], how: Removal) -> Iterator[WriteResult]:
        """Switch off or delete users who carry our id; who is gone counts as done."""
        look = self._lookup()
        step = self._erase if how is Removal.ERASE else self._hide
        return _one_by_one(
            [member.alumni_id for member in members],
            lambda number: step(members[number], look),
        )

    def verify_absent(self, member: MemberRef) -> Residue:
        """Look for the user by both ids."""
        user = self._locate(member, self._lookup())
        if user is None:
            return Residue.ABSENT
        return Residue.HIDDEN if resource.is_hidden(user) else Residue.PRESENT

    def choices(self, since: datetime) -> Iterator[MemberChoice]:
        """Yield nothing: SCIM does not say who switched a user off."""
        del since
        yield from ()

    def engagement(self, since: date) -> Iterator[Engagement]:
        """Refuse: SCIM has no such thing."""
        del since
        raise PermanentError(VENDOR, "engagement", "not offered")

    # --- looking up -------------------------------------------------------------------------------

    def _lookup(self) -> "Callable[[str], User | None]":
        """Return a look-up by our id; a server without filters is listed once for all of them."""
        listed: dict[str, list[User]] = {}

        def look(alumni_id: str) -> User | None:
            found = self._client.find("externalId", alumni_id)
            if found is None:
                if not listed:
                    listed[""] = []
                    for user in self._client.everybody():
                        listed.setdefault(str(user.get("externalId") or ""), []).append(user)
                found = listed.get(alumni_id, [])
            ours = only(found, alumni_id)
            if len(ours) > 1:
                raise PermanentError(VENDOR, "look up user", "two users carry the same id of ours")
            return ours[0] if ours else None

        return look

    def _locate(self, member: MemberRef, look: "Callable[[str], User | None]") -> User | None:
        """Return the member's user: by the server's id if it still carries ours, else by ours."""
        user = self._client.get(member.platform_id) if member.platform_id else None
        if user is not None and resource.is_ours(user, member.alumni_id):
            return user
        return look(member.alumni_id)

    # --- writing ----------------------------------------------------------------------------------

    def _write(self, profile: Profile, look: "Callable[[str], User | None]") -> WriteResult:
        user_name = profile.email if self._by_address else profile.alumni_id
        wanted = resource.desired(profile, self._client.dialect, user_name)
        user = look(profile.alumni_id)
        if user is not None:
            return self._change(profile.alumni_id, user, wanted)
        try:
            answer = self._client.create(resource.new_user(wanted))
        except Unavailable:
            user = self._lookup()(profile.alumni_id)
            if user is None:
                raise
            return self._change(profile.alumni_id, user, wanted)
        if answer.status == _CONFLICT:
            return _refused(profile.alumni_id, "user-name-taken", answer)
        if answer.status != _CREATED or not isinstance(answer.body, dict):
            return _refused(profile.alumni_id, _code(answer), answer)
        self._insist_on_our_id(answer.body, profile.alumni_id)
        return _read_back(profile.alumni_id, answer.body, wanted, answer)

    def _insist_on_our_id(self, user: User, alumni_id: str) -> None:
        """Take back a user the server created without our id: we could never find them again."""
        if resource.is_ours(user, alumni_id):
            return
        if user.get("id"):
            self._client.delete(str(user["id"]))
        raise ContractBroken(VENDOR, "create user", "the server does not keep externalId")

    def _change(self, alumni_id: str, user: User, wanted: dict[str, object]) -> WriteResult:
        """Change what differs; somebody else may be changing the same user."""
        for _ in range(_ATTEMPTS_AT_A_MOVING_TARGET):
            changes = dict(resource.differences(user, wanted))
            if not changes:
                return WriteResult(alumni_id, WriteOutcome.UNCHANGED, str(user["id"]))
            answer = self._client.change(user, changes)
            if answer.status in {_OK, _NO_CONTENT}:
                break
            if answer.status != _STALE:
                reason = "uniqueness" if answer.status == _CONFLICT else _code(answer)
                return _refused(alumni_id, reason, answer)
            again = self._client.get(str(user["id"]))
            if again is None or not resource.is_ours(again, alumni_id):
                return WriteResult(alumni_id, WriteOutcome.RETRY, reason="gone-meanwhile")
            user = again
        else:
            return WriteResult(alumni_id, WriteOutcome.RETRY, reason="changed-meanwhile")
        held = self._client.get(str(user["id"]))
        if held is None:
            return WriteResult(alumni_id, WriteOutcome.RETRY, reason="gone-meanwhile")
        return _read_back(alumni_id, held, wanted, answer)

    # --- removing ---------------------------------------------------------------------------------

    def _hide(self, member: MemberRef, look: "Callable[[str], User | None]") -> WriteResult:
        user = self._locate(member, look)
        if user is None or resource.is_hidden(user):
            return _done(member, user)
        result = self._change(member.alumni_id, user, {"active": False})
        if result.outcome in {WriteOutcome.DONE, WriteOutcome.UNCHANGED}:
            return _done(member, user)
        return result

    def _erase(self, member: MemberRef, look: "Callable[[str], User | None]") -> WriteResult:
        user = self._locate(member, look)
        if user is None:
            return _done(member, user)
        answer = self._client.delete(str(user["id"]))
        if answer.status in {_CONFLICT, _BAD, _STALE}:
            return _refused(member.alumni_id, _code(answer), answer)
        if self._client.get(str(user["id"])) is not None:
            return WriteResult(member.alumni_id, WriteOutcome.RETRY, reason="still-there")
        return _done(member, user)


_OK: Final = 200
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_BAD: Final = 400
_CONFLICT: Final = 409
_STALE: Final = 412
_CODES: Final = frozenset(
    {
        "invalidFilter",
        "tooMany",
        "uniqueness",
        "mutability",
        "invalidSyntax",
        "invalidPath",
        "noTarget",
        "invalidValue",
        "invalidVers",
        "sensitive",
    }
)
"""The error types of RFC 7644 table 9; anything else a server writes there may be a value."""


def _code(answer: Answer) -> str:
    kind = answer.body.get("scimType") if isinstance(answer.body, dict) else None
    return f"http-{answer.status}" + (f":{kind}" if kind in _CODES else "")


def _refused(alumni_id: str, reason: str, answer: Answer) -> WriteResult:
    return WriteResult(alumni_id, WriteOutcome.REFUSED, reason=reason, request_id=answer.request_id)


def _done(member: MemberRef, user: User | None) -> WriteResult:
    platform_id = str(user["id"]) if user else member.platform_id
    return WriteResult(member.alumni_id, WriteOutcome.DONE, platform_id)


def _read_back(
    alumni_id: str, held: User, wanted: dict[str, object], answer: Answer
) -> WriteResult:
    lost = resource.not_kept(held, wanted)
    if lost:
        return _refused(alumni_id, f"not-kept:{lost}", answer)
    return WriteResult(alumni_id, WriteOutcome.DONE, str(held["id"]), request_id=answer.request_id)


def _one_by_one(
    alumni_ids: Sequence[str], write: Callable[[int], WriteResult]
) -> Iterator[WriteResult]:
    """Yield a result each; one person's failure stops nobody else, three in a row stop all."""
    failures = 0
    for number, alumni_id in enumerate(alumni_ids):
        try:
            result = write(number)
        except AuthRejected:
            raise
        except (Unavailable, ContractBroken) as error:
            failures += 1
            if failures == _FAILURES_IN_A_ROW:
                raise
            result = WriteResult(
                alumni_id, WriteOutcome.RETRY, reason=_slug(error), request_id=error.request_id
            )
        except PermanentError as error:
            failures = 0
            result = WriteResult(
                alumni_id, WriteOutcome.REFUSED, reason=_slug(error), request_id=error.request_id
            )
        else:
            failures = 0
        yield result


def _slug(error: ConnectorError) -> str:
    """Return our own words for what happened, as a code."""
    return error.what.lower().replace(" ", "-")
