"""Platform `scim`: any community that offers SCIM 2.0 (RFC 7643, RFC 7644) for its members.

Servers differ more than the standard admits: filters that are ignored, attributes that are dropped,
`externalId`s that are not unique. So every match is checked here again, every write is read back,
and only users who carry our own id are ever touched.
"""

from connectors.platforms.scim.platform import ScimPlatform

__all__ = ["ScimPlatform"]
