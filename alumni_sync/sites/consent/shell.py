"""What every handler of the consent site shares: its pages, its sessions, its refusals."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from alumni_sync.consent.answers.acts import is_over
from alumni_sync.consent.answers.answer import Channel, Evidence
from alumni_sync.consent.answers.view import ConsentView
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.ports import Clock, ProfileField
from alumni_sync.sites.consent.join_service import JoinService
from alumni_sync.sites.consent.moulds import Moulds
from alumni_sync.sites.consent.requests_service import RequestService
from alumni_sync.sites.consent.service import ConsentService
from alumni_sync.sites.consent.services import Preferences, Resending
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form, FormTokens, Submission, from_our_pages
from alumni_sync.sites.headers import Address
from alumni_sync.sites.languages import Texts, all_texts
from alumni_sync.sites.networks import Strangers, agent_family, evidence_network
from alumni_sync.sites.pages import Pages
from alumni_sync.sites.sessions import Session, Sessions


class Stranger(Exception):
    """There is no live session or no good link: show the one page that strangers see."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The parts of the site that handlers are built from.

    Attributes:
        wake: called when an answer was taken, so that the worker beside the site starts at once.
    """

    service: ConsentService
    address: Address
    pages: Pages
    sessions: Sessions
    tokens: FormTokens
    strangers: Strangers
    clock: Clock
    wake: Callable[[], None]
    preferences: Preferences
    resending: Resending
    requests: RequestService
    joins: JoinService | None = None
    moulds: Moulds = field(default_factory=Moulds)

    def session(self, visit: Visit, *kinds: LinkKind) -> Session:
        """Return the live session of one of `kinds`.

        Raises:
            Stranger: there is none.
        """
        session = self.sessions.read(visit.request)
        if session is None or session.kind not in kinds:
            raise Stranger
        return session

    def view(self, visit: Visit, session: Session, language: str = "") -> ConsentView:
        """Return what the session's person is shown, in the language asked for if it is offered.

        Raises:
            Stranger: the invitation is gone, or something has ended this visit.
        """
        wanted = language or visit.request.query_params.get("lang", "")
        shown = self.service.view(session.reference, wanted if wanted in all_texts() else None)
        if shown is not None and shown.language not in all_texts():
            # A notice may exist in a language that the pages around it do not speak.
            spoken = next((code for code in shown.languages if code in all_texts()), None)
            shown = self.service.view(session.reference, spoken) if spoken else None
        if shown is None or is_over(shown.sessions_from, session.begun_at):
            raise Stranger
        return shown

    def submission(self, visit: Visit, session: Session, form: str) -> Submission:
        """Return what our form token says of the page that was submitted.

        Raises:
            HTTPException: 403, it was not our page, not this session's, or too old.
        """
        if not from_our_pages(visit.request.headers, self.address.origin):
            raise HTTPException(403)
        submission = self.tokens.check(form, session, visit.form)
        if submission is None:
            raise HTTPException(403)
        return submission

    def evidence(self, visit: Visit, session: Session) -> Evidence:
        """Return how an answer reached us, as far as it may be kept."""
        manages = session.kind == LinkKind.MANAGE
        return Evidence(
            Channel.PREFERENCES if manages else Channel.MAIL_LINK,
            token_id=session.token_id,
            network=evidence_network(visit.client),
            agent=agent_family(visit.request.headers.get("user-agent", "")),
            visit_begun=session.begun_at,
        )

    def page(
        self,
        template: str,
        shown: ConsentView,
        session: Session,
        *,
        status: int = 200,
        **values: object,
    ) -> Response:
        """Return a page about a person, in that person's language, with the session renewed."""
        texts = all_texts()[shown.language]
        body = self._markup(template, shown, **values)
        return self._attached(self.pages.response(body, texts, status), session)

    def moulded(
        self, template: str, shown: ConsentView, session: Session, token: str, **said: str
    ) -> Response:
        """Return `page` with a token and `said`, from a mould that people share: `moulds`."""

        def make(shape: ConsentView, gap: str) -> str:
            nothing: dict[str, object] = {"problems": (), "entered": Form()}
            return self._markup(template, shape, token=gap, **nothing, **said)

        body = self.moulds.page(shown, token, (template, *said.values()), make)
        response = self.pages.response(body, all_texts()[shown.language])
        return self._attached(response, session)

    def _markup(self, template: str, shown: ConsentView, **values: object) -> str:
        return self.pages.markup(
            template,
            all_texts()[shown.language],
            view=shown,
            stored=_stored(shown),
            languages={c: n for c, n in shown.languages.items() if c in all_texts()},
            **values,
        )

    def _attached(self, response: Response, session: Session) -> Response:
        self.sessions.attach(response, session)
        return response

    def onward(self, path: str, session: Session) -> Response:
        """Redirect to one of our own pages, never to an address from outside."""
        response = RedirectResponse(self.pages.path(path), 303)
        self.sessions.attach(response, session)
        return response

    def answered_only(self, path: str, session: Session) -> Response:
        """Redirect after an answer that leaves nothing to manage: the worker is woken."""
        self.wake()
        return self.onward(path, self.sessions.go_on(session))

    @property
    def tomorrow(self) -> str:
        """Return the first day that a "not before" can name, as a browser writes it."""
        return (self.clock.now() + timedelta(days=1)).date().isoformat()

    def answered(self, path: str, session: Session) -> Response:
        """Redirect after an answer: the worker is woken, and the person may manage the answer."""
        self.wake()
        return self.onward(path, replace(self.sessions.go_on(session), kind=LinkKind.MANAGE))

    def texts(self, visit: Visit) -> Texts:
        """Return the texts of a page that belongs to nobody."""
        return self.pages.texts_for(visit.request)


def _stored(shown: ConsentView) -> list[tuple[ProfileField, str, str, bool]]:
    """Return (field, label, value, shown to members) of what is stored now, in the form's order."""
    if shown.current is None:
        return []
    labels = {offered.field: offered.label for offered in shown.fields}
    order = [*labels, *(name for name in shown.current.fields if name not in labels)]
    return [
        (name, labels.get(name, name.value), *shown.current.fields[name])
        for name in order
        if name in shown.current.fields
    ]
