"""Who waits for a letter: how many at which source, and the command that makes them.

The letters themselves are made on the command line: their links are secrets, and the folder of a
browser's downloads is no place for them.
"""

from typing import Final

from starlette.responses import Response

from alumni_sync.consent.paper.letters import who_gets_letters
from alumni_sync.domain import ContactBasis
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.endpoints import Visit


def letters(desk: Desk, visit: Visit) -> Response:
    """`GET /letters`: how many wait for a first letter, and how many have not answered one."""
    identity = desk.visitor(visit.request, Act.EXPORT_LETTERS)
    d = desk.behind.d
    lines = []
    for source in desk.behind.sources(identity, Act.EXPORT_LETTERS):
        if d.settings.sources[source].contact.basis == ContactBasis.NONE:
            waiting = len(who_gets_letters(d, source, again=False))
            every = len(who_gets_letters(d, source, again=True))
            lines.append((source, waiting, every - waiting))
    return desk.page("desk/letters.html", identity, lines=lines)


ROOMS: Final = (("/letters", letters, ("GET",)),)
"""Path, handler and methods."""
