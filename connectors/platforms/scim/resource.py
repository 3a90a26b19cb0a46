"""Profiles as SCIM users: what we would like a server to hold, and how that differs. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from alumni_sync.ports import Profile, ProfileField
from connectors.platforms.scim.extension import URN

CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OURS: Final = re.compile(r"A-[0-9a-z]{16}")
"""What our own ids look like; only users with such an `externalId` are ever ours."""

_COUNTRY_CODE: Final = re.compile(r"[A-Z]{2}")
_BADGES: Final = {
    ProfileField.MENTOR_BADGE: "mentor",
    ProfileField.EXPERT_BADGE: "expert",
    ProfileField.RETIREE_BADGE: "retired",
}
_TEXTS: Final = {
    ProfileField.JOIN_YEAR: "joinYear",
    ProfileField.LEAVE_YEAR: "leaveYear",
    ProfileField.LANGUAGES: "languages",
    ProfileField.EXPERT_TOPICS: "expertTopics",
    ProfileField.COUNTRY: "country",
}
_KEPT: Final = ("externalId", "userName", "active", "emails")
"""A server that does not keep these is none that we can use."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server says it can do (`/ServiceProviderConfig`, `/Schemas`).

    Attributes:
        attributes: core attribute → its sub-attributes, for those the server lists; empty if it
            does not say, and then the whole core is taken for granted.
        extensions: URNs of extensions of User that it has.
    """

    patch: bool = True
    filtering: bool = True
    etag: bool = False
    attributes: Mapping[str, frozenset[str]] | None = None
    extensions: frozenset[str] = frozenset()


def desired(profile: Profile, dialect: Dialect, user_name: str) -> dict[str, Any]:
    """Return what a server of this dialect should hold: attribute path → value.

    Paths are those of PATCH; None means that the attribute must not be there.
    """
    fields = {
        name: shown.value
        for name, shown in profile.fields.items()
        if shown.to_members or URN in dialect.extensions
    }
    wanted: dict[str, Any] = {
        "externalId": profile.alumni_id,
        "userName": user_name,
        "active": True,
        "name.formatted": profile.name,
        "displayName": profile.name,
        "emails": [{"value": profile.email, "type": "home", "primary": True}],
        "title": fields.get(ProfileField.JOB_TITLE),
        "profileUrl": fields.get(ProfileField.LINKEDIN_URL),
        "phoneNumbers": _typed(fields.get(ProfileField.PHONE), "home"),
        "photos": _typed(fields.get(ProfileField.PHOTO_URL), "photo"),
        "addresses": _address(fields),
    }
    wanted = {path: _trim(path, value, dialect) for path, value in wanted.items()}
    wanted = {path: value for path, value in wanted.items() if _knows(dialect, path)}
    if ENTERPRISE in dialect.extensions:
        wanted[f"{ENTERPRISE}:organization"] = fields.get(ProfileField.LEGAL_ENTITY)
        wanted[f"{ENTERPRISE}:department"] = fields.get(ProfileField.DEPARTMENT)
    if URN in dialect.extensions:
        wanted |= _extension(profile, fields)
    return wanted


def _typed(value: str | None, kind: str) -> list[dict[str, Any]] | None:
    return [{"value": value, "type": kind}] if value else None


def _address(fields: Mapping[ProfileField, str]) -> list[dict[str, Any]] | None:
    """Return city and country; the standard wants a country code or nothing."""
    country = fields.get(ProfileField.COUNTRY, "")
    parts = {
        "locality": fields.get(ProfileField.CITY),
        "country": country if _COUNTRY_CODE.fullmatch(country) else None,
    }
    parts = {name: value for name, value in parts.items() if value}
    return [{**parts, "type": "home"}] if parts else None


def _extension(profile: Profile, fields: Mapping[ProfileField, str]) -> dict[str, Any]:
    shown = sorted(name.value for name, value in profile.fields.items() if value.to_members)
    wanted: dict[str, Any] = {
        "purposes": sorted(purpose.value for purpose in profile.purposes),
        "segments": sorted(profile.segments),
        "shownToMembers": shown,
    }
    wanted |= {name: fields.get(field) for field, name in _TEXTS.items()}
    wanted |= {name: True if field in fields else None for field, name in _BADGES.items()}
    return {f"{URN}:{name}": value or None for name, value in wanted.items()}


def _knows(dialect: Dialect, path: str) -> bool:
    """Say whether the server lists an attribute; strict ones refuse a user with any other."""
    if dialect.attributes is None or path == "externalId":
        return True
    name, _, part = path.partition(".")
    return name in dialect.attributes and (not part or part in dialect.attributes[name])


def _trim(path: str, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401 JSON
    """Leave out sub-attributes that the server does not list."""
    if not isinstance(value, list) or dialect.attributes is None:
        return value
    known = dialect.attributes.get(path, frozenset())
    return [{name: part for name, part in item.items() if name in known} for item in value]


def new_user(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a create."""
    user: dict[str, Any] = {"schemas": [CORE]}
    for path, value in wanted.items():
        if value is not None:
            put(user, path, value)
    user["schemas"] += [urn for urn in (ENTERPRISE, URN) if urn in user]
    return user


def put(user: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 JSON
    """Set (None: take away) the attribute at a PATCH path of a user."""
    if value is None and get(user, path) is None:
        return  # an empty extension would be more than was there
    parent, name = _parent(user, path)
    if value is None:
        del parent[name]
    else:
        parent[name] = value


def merged(user: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a user with `changes`; whatever else the server holds stays."""
    whole = deepcopy(dict(user))
    for path, value in changes.items():
        put(whole, path, value)
    extensions = {urn for urn in (ENTERPRISE, URN) if urn in whole}
    whole["schemas"] = sorted({CORE, *whole.get("schemas", ()), *extensions})
    return whole


def get(user: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 JSON
    """Return the attribute at a PATCH path of a user, None if it is not there."""
    parts = _parts(path)
    value: Any = user
    for part in parts:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _parts(path: str) -> list[str]:
    urn, colon, name = path.rpartition(":")
    return [urn, name] if colon else path.split(".")


def _parent(user: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    *above, name = _parts(path)
    for part in above:
        user = user.setdefault(part, {})
    return user, name


def differences(user: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of whatever a user does not hold as it is wanted."""
    for path, value in wanted.items():
        if not _same(path, get(user, path), value):
            yield path, value


def _same(path: str, held: Any, wanted: Any) -> bool:  # noqa: ANN401 JSON
    if path == "userName":  # RFC 7643 4.1.1: case is not significant, and servers fold it
        return isinstance(held, str) and held.casefold() == str(wanted).casefold()
    return _holds(held, wanted)


def _holds(held: Any, wanted: Any) -> bool:  # noqa: ANN401 JSON
    """Say whether `held` says the same; a server may add sub-attributes of its own."""
    if wanted is None:
        return held in (None, "", [], {}, False)
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(
            _holds(held.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(held, list) or len(held) != len(wanted):
            return False
        return all(any(_holds(one, value) for one in held) for value in wanted)
    return bool(held == wanted)


def patch_body(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a PATCH that brings about `changes`."""
    operations = [
        {"op": "remove", "path": path}
        if value is None
        else {"op": "replace", "path": path, "value": value}
        for path, value in changes.items()
    ]
    return {"schemas": [PATCH], "Operations": operations}


def not_kept(user: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return the first attribute we depend on that the server did not keep, "" if it kept all."""
    changed = {path for path, _ in differences(user, wanted)}
    return next((path for path in _KEPT if path in changed), "")


def quoted(value: str) -> str:
    """Return a string literal of a SCIM filter (RFC 7644 3.4.2.2: as JSON has it)."""
    return json.dumps(value, ensure_ascii=False)


def is_ours(user: Mapping[str, Any], alumni_id: str) -> bool:
    """Say whether a user carries exactly this id of ours."""
    return bool(user.get("externalId") == alumni_id and user.get("id"))


def is_hidden(user: Mapping[str, Any]) -> bool:
    """Say whether a user is switched off; a server that does not say has them switched on."""
    return user.get("active") in (False, "False", "false")
