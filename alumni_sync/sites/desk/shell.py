"""What every handler of the HR desk shares: who is there, its pages, its menu, its forms.

The desk has no cookie: the proxy says with each request who somebody is. A form's token is bound to
that name, to what the form is about and to the version that was shown; it is taken once, from our
own pages only, and never from somebody whom nothing vouches for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alumni_sync.domain import Identity
from alumni_sync.ports import Clock, Launcher
from alumni_sync.review.people.authority import Act, Authority
from alumni_sync.review.people.identity import identity_of
from alumni_sync.review.people.interests import authority_now
from alumni_sync.sections import Proxy
from alumni_sync.sites.desk.service import DeskService
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import FormTokens, Submission, from_our_pages
from alumni_sync.sites.headers import Address
from alumni_sync.sites.languages import all_texts
from alumni_sync.sites.pages import Pages
from alumni_sync.sites.sessions import Session

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

MENU: Final = (
    ("/", "Queue", (Act.SEE_CASE,)),
    ("/find", "Find", (Act.FIND_PERSON,)),
    ("/requests", "Requests", (Act.SEE_REQUEST,)),
    ("/joins", "Join requests", (Act.MATCH_JOIN,)),
    ("/answers", "Paper", (Act.RECORD_CONSENT, Act.CONFIRM_CONSENT)),
    ("/letters", "Letters", (Act.EXPORT_LETTERS,)),
)
"""Path, name, and the acts of which one opens it."""
_VERSION: Final = "version"


@dataclass(frozen=True, slots=True)
class DeskSite:
    """What the desk is told by the configuration.

    Attributes:
        url: where browsers reach it.
        dagster_url: of the UI, where a launched ruling can be looked at.
        proxy: who says who somebody is; None: nobody, and every visitor is unverified.
    """

    url: str
    company: str
    dagster_url: str
    proxy: Proxy | None


@dataclass(frozen=True, slots=True)
class Office:
    """What is behind the desk beside the queue: the deployment itself, asked stage by stage.

    Attributes:
        wake: called when something was taken back, so that the worker removes it at once.
        launcher: by which rulings are made.
    """

    d: "Deployment"
    tokens: FormTokens
    wake: Callable[[], None]
    launcher: Launcher

    @property
    def authority(self) -> Authority:
        """Return the role table of the deployment."""
        return authority_now(self.d)

    def sources(self, identity: Identity, act: Act) -> list[str]:
        """Return the sources for which somebody may do something."""
        may = self.authority.may
        return [one for one in self.d.settings.sources if may(identity, act, one).allowed]


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that the desk's handlers are built from."""

    site: DeskSite
    service: DeskService
    pages: Pages
    clock: Clock
    office: Office | None

    @property
    def behind(self) -> Office:
        """Return what is behind the desk; its routes exist only where there is something."""
        if self.office is None:
            raise HTTPException(404)
        return self.office

    def came_around(self, identity: Identity) -> bool:
        """Say whether there is a proxy that this visitor did not come through."""
        return self.site.proxy is not None and not identity.verified

    def visitor(self, request: Request, *acts: Act) -> Identity:
        """Return who is looking.

        Args:
            request: what was asked.
            acts: of which they must be able to do one; none: they must know the desk at all.

        Raises:
            HTTPException: 403, nobody may look whom the desk does not know: behind a proxy that is
                whoever came around it.
        """
        identity = identity_of(request.headers.get, self.site.proxy)
        if self.came_around(identity) or not self.service.may_open(identity):
            raise HTTPException(403)
        permits = [self.behind.authority.may(identity, act) for act in acts]
        if permits and not any(permit.allowed for permit in permits):
            raise HTTPException(403, permits[0].why)
        return identity

    def page(
        self, template: str, identity: Identity, status_code: int = 200, **values: object
    ) -> Response:
        """Return a page of the desk."""
        return self.pages.render(
            template,
            all_texts()["en"],
            status_code,
            identity=identity,
            now=self.clock.now(),
            menu=list(self._menu(identity)),
            **values,
        )

    def _menu(self, identity: Identity) -> Iterator[tuple[str, str]]:
        """Yield path and name of every room that somebody may enter."""
        if self.office is None or self.came_around(identity):
            return
        for path, name, acts in MENU:
            if any(self.office.authority.may(identity, act).allowed for act in acts):
                yield path, name

    # --- forms ---

    def token(self, identity: Identity, form: str, subject: str, version: int = 0) -> str:
        """Return the token for a form about `subject` as this person is shown it."""
        about = {_VERSION: str(version)}
        return self.behind.tokens.issue(form, _session(identity, subject), about)

    def submitted(
        self, visit: Visit, identity: Identity, form: str, subject: str, *, by_anybody: bool = False
    ) -> Submission:
        """Return what the token of a submitted form says.

        Args:
            visit: with the form.
            identity: whose browser sent it.
            form: which.
            subject: what it is about.
            by_anybody: take it from an unverified visitor too; what it asks for must be asked of
                the role table, which lets them do little, and only on loopback.

        Raises:
            HTTPException: 403, it was not our page, not this person's, about something else, or
                nothing vouches for who they are.
        """
        if not (identity.verified or by_anybody):
            raise HTTPException(403)
        if not from_our_pages(visit.request.headers, Address.of(self.site.url).origin):
            raise HTTPException(403)
        found = self.behind.tokens.check(form, _session(identity, subject), visit.form)
        if found is None:
            raise HTTPException(403)
        return found

    def onward(self, path: str) -> Response:
        """Redirect to one of our own pages, never to an address from outside."""
        return RedirectResponse(self.pages.path(path), 303)


def seen_version(submission: Submission) -> int:
    """Return the version of the subject that the submitted page showed."""
    return int(submission.about[_VERSION])


def _session(identity: Identity, subject: str) -> Session:
    """Return what stands for a session here: the person, and what the form is about."""
    return Session(f"desk\x1f{identity.user}", "desk", subject, "", 0)


def allowed(desk: Desk, identity: Identity, *acts: Act, source: str) -> dict[str, bool]:
    """Return by its name what somebody may do at a source, for the templates."""
    authority: Any = desk.behind.authority
    return {act.name: authority.may(identity, act, source).allowed for act in acts}
