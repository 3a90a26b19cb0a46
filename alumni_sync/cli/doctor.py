"""`doctor`: checks everything that can be checked without a person, and names every problem.

A problem keeps something from working; a note is worth knowing and never makes the result bad.
"""

import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import click

from alumni_sync.cli.app import App, json_option, pass_app, show
from alumni_sync.cli.exits import Exit, code_of, finish, worst
from alumni_sync.errors import AlumniSyncError, ConfigError, Problem

if TYPE_CHECKING:
    from alumni_sync.consent.jurisdictions import JurisdictionPack
    from alumni_sync.deployment import Configuration
    from alumni_sync.ports import Clock
    from alumni_sync.settings import Settings

OTHERS_MAY_READ: Final = stat.S_IRWXG | stat.S_IRWXO
_REQUESTS: Final = "alumni-sync privacy requests list"
_TRACE: Final = "look at the platform; each is tried again at least every hour"


@dataclass(slots=True)
class Diagnosis:
    """What was found so far."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    codes: set[Exit] = field(default_factory=set)

    def blame(self, error: AlumniSyncError, where: str) -> None:
        """Add an error; a configuration error with all its problems."""
        self.codes.add(code_of(error))
        if isinstance(error, ConfigError):
            self.problems.extend(error.problems)
        else:
            self.problems.append(Problem(where, str(error)))

    def add(self, problem: Problem, code: Exit = Exit.USAGE) -> None:
        """Add a problem."""
        self.codes.add(code)
        self.problems.append(problem)


@click.command()
@json_option
@pass_app
def doctor(app: App, as_json: bool) -> None:
    """Check configuration, secrets, rules, ledger, packages, every source and the platform."""
    diagnosis = diagnose(app)
    value = {
        "ok": not diagnosis.problems,
        "problems": [asdict(problem) for problem in diagnosis.problems],
        "notes": diagnosis.notes,
    }
    lines = [f"problem  {problem}" for problem in diagnosis.problems]
    lines += [f"note     {note}" for note in diagnosis.notes]
    lines += [f"{len(diagnosis.problems)} problem(s)" if diagnosis.problems else "All is well."]
    show(value, lines, as_json=as_json)
    finish(worst(diagnosis.codes))


def diagnose(app: App) -> Diagnosis:
    """Check everything; what cannot be checked because of an earlier problem is left out."""
    from alumni_sync.cli.packages import foreign_packages
    from alumni_sync.deployment import load_configuration

    diagnosis = Diagnosis()
    for problem in foreign_packages():
        diagnosis.add(problem)
    try:
        configuration = load_configuration(app.config)
    except ConfigError as error:
        diagnosis.blame(error, str(app.config))
        return diagnosis
    _check_rules(configuration.settings, diagnosis)
    _check_secrets(configuration.settings, diagnosis)
    _check_people(configuration.settings, diagnosis)
    _check_outside(configuration, diagnosis)
    _check_ledger(configuration, app.clock(), diagnosis)
    return diagnosis


def _check_rules(settings: "Settings", diagnosis: Diagnosis) -> None:
    """Check the rule pack, the jurisdiction pack of every source, and the notice."""
    from alumni_sync.consent.jurisdictions import load_pack as load_jurisdiction
    from alumni_sync.consent.notices.editions import load_edition
    from alumni_sync.eligibility.experts import load_experts
    from alumni_sync.eligibility.language.places import check_places
    from alumni_sync.eligibility.language.reading import load_pack
    from alumni_sync.settings import TRANSLATE, spoken_as

    rules = settings.root / "rules"
    try:
        check_places(load_pack(settings.rules), settings)
    except AlumniSyncError as error:
        diagnosis.blame(error, "rules")
    try:
        load_experts(settings.experts, settings.sources)
    except AlumniSyncError as error:
        diagnosis.blame(error, "experts")
    for name in sorted({source.jurisdiction for source in settings.sources.values()}):
        try:
            pack = load_jurisdiction(rules, name)
        except AlumniSyncError as error:
            diagnosis.blame(error, f"jurisdiction {name}")
            continue
        if not pack.accepted:
            diagnosis.notes.append(
                f"rules/jurisdictions/{name}.yaml is a draft: nobody there is invited "
                "until counsel's name stands in accepted_by"
            )
        _check_bases(settings, pack, diagnosis)
    named = {source.controller.name for source in settings.sources.values()}
    if len(named) > 1 and not settings.consent.arrangement:
        diagnosis.notes.append(
            f"{len(named)} controllers and no consent.arrangement: if they decide together what "
            "the community is for, its notice has to tell what they agreed on (GDPR Art. 26)"
        )
    try:
        edition = load_edition(rules, settings.consent.notice)
    except AlumniSyncError as error:
        diagnosis.blame(error, "consent.notice")
        return
    for code in settings.company.languages:
        if not spoken_as(code) & edition.manifest.languages.keys():
            what = f"version {edition.manifest.version} of the notice has no {code}"
            diagnosis.add(Problem("company.languages", what, TRANSLATE))


def _check_bases(settings: "Settings", pack: "JurisdictionPack", diagnosis: Diagnosis) -> None:
    """Check that what a source says it may write on counts where it is."""
    from alumni_sync.domain import ContactBasis

    for name, source in settings.sources.items():
        basis = ContactBasis(source.contact.basis)
        if source.jurisdiction != pack.jurisdiction or basis is ContactBasis.NONE:
            continue
        if not pack.allows(basis):
            where = f"sources.{name}.contact.basis"
            what = f"{basis} does not count in {pack.jurisdiction}"
            diagnosis.add(Problem(where, what, "use exit_form, or none (letters)"))


def _age_notes(settings: "Settings", source: str) -> Iterator[str]:
    """Yield where rules and law contradict about a source that has no birth dates at all.

    What cannot be read is a problem that was named before.
    """
    from alumni_sync.consent.jurisdictions import load_pack as load_jurisdiction
    from alumni_sync.eligibility.language.reading import load_pack

    jurisdiction = settings.sources[source].jurisdiction
    try:
        rules = load_pack(settings.rules).for_source(source, jurisdiction)
        needed = load_jurisdiction(settings.root / "rules", jurisdiction).birth_date_needed
    except ConfigError:
        return
    adults, asked_for = "birth_date" in rules.harmless, "birth_date" in rules.fields
    said = f"birth_date_needed: {str(needed).lower()} in rules/jurisdictions/{jurisdiction}.yaml"
    if adults and needed:
        yield (
            f"source {source} has no birth dates: adults_only in {settings.rules.name} makes its "
            f"leavers eligible, and {said} invites none of them: map birth_date, or change one"
        )
    elif asked_for and not adults and not needed:
        yield (
            f"source {source} has no birth dates: {said} lets its leavers be asked, and without "
            f"adults_only in {settings.rules.name} all of them go to review: change one"
        )


def _check_secrets(settings: "Settings", diagnosis: Diagnosis) -> None:
    from alumni_sync.deployment import key_file

    made = key_file(settings)
    if settings.keys.master is None:
        where = made.name if made else "a file"
        diagnosis.notes.append(
            f"keys.master is not set: the deployment key is kept in {where} beside the key store; "
            "back it up apart from the ledger"
        )
        if made and made.exists() and made.stat().st_mode & OTHERS_MAY_READ:
            diagnosis.add(Problem(str(made), "others may read it", f"chmod 600 {made}"))
    if settings.proxy is None:
        diagnosis.notes.append(
            "proxy is not set: in the browser nobody is verified; two-person cases are ruled on "
            "by the command line only"
        )


def _check_people(settings: "Settings", diagnosis: Diagnosis) -> None:
    """Note what the company cannot do with the people it has named."""
    from alumni_sync.domain import Role

    for role, what in (
        (Role.REVIEWER, "cases stay open"),
        (Role.SECOND, "two-person cases and brakes stay as they are"),
        (Role.PRIVACY, "nobody gets the alerts of a late removal"),
    ):
        if not any(role in person.roles for person in settings.people):
            diagnosis.notes.append(f"people: nobody is {role}: {what}")


def _check_outside(configuration: "Configuration", diagnosis: Diagnosis) -> None:
    from alumni_sync.cli.health import check_platform, check_sources
    from alumni_sync.cli.rule_checks import lint_notes
    from alumni_sync.consent.returns.mailboxes import maildir_of
    from alumni_sync.deployment import without_ledger

    plugins = without_ledger(configuration)
    diagnosis.notes += lint_notes(plugins)
    sources = dict(zip(plugins.settings.sources, check_sources(plugins), strict=True))
    for name, health in sources.items():
        if health.asked and "birth_date" not in health.asked:
            diagnosis.notes += _age_notes(plugins.settings, name)
    for health in (*sources.values(), check_platform(plugins)):
        for problem in health.problems:
            diagnosis.add(problem, health.code if health.code is not Exit.DONE else Exit.USAGE)
        diagnosis.notes += [f"{health.name}: {note}" for note in health.notes]
    try:
        plugins.mailer()
        maildir_of(plugins.settings)
        if mailbox := plugins.mailbox():
            with closing(mailbox):
                next(mailbox.waiting(), None)
    except AlumniSyncError as error:
        diagnosis.blame(error, "mail")


def _check_ledger(configuration: "Configuration", clock: "Clock", diagnosis: Diagnosis) -> None:
    from alumni_sync.consent.joining.join_requests import waiting_for_hr
    from alumni_sync.consent.reach import reach
    from alumni_sync.consent.rounds.orphans import refuse_orphans
    from alumni_sync.consent.rounds.renewals import outdated_notes
    from alumni_sync.consent.rounds.suppressions import due_to_justify
    from alumni_sync.deployment import Deployment, sqlite_path
    from alumni_sync.eligibility.revisions.publishing import waiting_sentences
    from alumni_sync.intake.code_names import drift_sentences
    from alumni_sync.membership.late_removals import late_removals
    from alumni_sync.privacy.overdue import late_requests
    from alumni_sync.review.people.deciding import who_is_missing, who_is_missing_now
    from alumni_sync.review.telling.untold import untold

    path = sqlite_path(configuration.settings.ledger.url)
    if path is not None and not path.exists():
        settings = configuration.settings
        diagnosis.notes += who_is_missing(settings.people, settings.sources)
        diagnosis.notes.append(
            "there is no ledger yet: the first run makes it, and run --dry-run foretells it"
        )
        return
    try:
        with Deployment.of(configuration, clock=clock, create=False) as deployment:
            diagnosis.notes += [*who_is_missing_now(deployment), *untold(deployment)]
            diagnosis.notes += [*waiting_sentences(deployment), *drift_sentences(deployment)]
            diagnosis.notes += [each.sentence() for each in reach(deployment)]
            diagnosis.notes += [*waiting_for_hr(deployment), *due_to_justify(deployment)]
            diagnosis.notes += outdated_notes(deployment)
            for sentence in late_removals(deployment).sentences():
                diagnosis.add(Problem("removals", sentence, _TRACE), Exit.VENDOR)
            requests = late_requests(deployment)
            diagnosis.notes += requests.notes()
            for sentence in requests.sentences():
                diagnosis.add(Problem("requests of people", sentence, _REQUESTS), Exit.REJECTED)
            refuse_orphans(deployment)
    except AlumniSyncError as error:
        diagnosis.blame(error, "ledger")
