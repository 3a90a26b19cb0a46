"""Our schema extension: what the SCIM core has no place for. A server may have it or not.

Where it is missing, years, badges, purposes and segments do not go over, and of the ticked fields
only those that members may see: the core cannot say "stored, but not shown".
"""

from collections.abc import Mapping
from typing import Any, Final

URN: Final = "urn:ietf:params:scim:schemas:extension:alumni_sync:2.0:User"


def _attribute(name: str, kind: str, description: str, *, many: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "multiValued": many,
        "description": description,
        "required": False,
        "caseExact": True,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }


SCHEMA: Final[Mapping[str, Any]] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": URN,
    "name": "AlumniMember",
    "description": "What a member of an alumni community agreed to",
    "attributes": [
        _attribute("joinYear", "string", "Year of joining the company"),
        _attribute("leaveYear", "string", "Year of leaving the company"),
        _attribute("languages", "string", "Languages, as the member wrote them"),
        _attribute("expertTopics", "string", "Topics the member is an expert on"),
        _attribute("mentor", "boolean", "Would like to mentor"),
        _attribute("expert", "boolean", "Recognised expert"),
        _attribute("retired", "boolean", "Left into retirement"),
        _attribute("country", "string", "Country, as the member wrote it"),
        _attribute("shownToMembers", "string", "Names of fields other members see", many=True),
        _attribute("purposes", "string", "What the member agreed to", many=True),
        _attribute("segments", "string", "Segments, from ticked fields only", many=True),
    ],
}
"""The extension as `/Schemas` lists it, for whoever runs the server."""
