"""The invented company: its two sources, and what an ordinary leaver's record looks like there.

Dates are worked out around one payroll close, so that the sample never ages: 2026-10-29.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from examples.acme import names
from examples.acme.names import Name

CLOSE: Final = date(2026, 10, 29)
"""The payroll close of the sample; its clock stands at ten past six that evening."""

EXIT_FORM_SINCE: Final = date(2019, 4, 1)
"""Since when people who leave are asked for a private address for this purpose."""

POLAND, GERMANY = "acme-pl", "acme-de"

Value = str | date | int | None
"""A cell before it is written; a date that cannot be read is a string already."""


@dataclass(frozen=True, slots=True)
class Site:
    """What differs between the two sources.

    Attributes:
        people: kinds of names with their weights.
        departments: department → job titles from the lowest to the highest level.
        codes: exit kind → codes of this source.
    """

    source: str
    first_number: int
    legal_entity: str
    locations: tuple[str, ...]
    out_of_scope: str
    domain: str
    contact_text: str
    languages: Mapping[str, str]
    people: tuple[tuple[Callable[[Random], Name], int], ...]
    departments: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, tuple[str, ...]]


SITES: Final[Mapping[str, Site]] = {
    POLAND: Site(
        source=POLAND,
        first_number=10_412,
        legal_entity="Acme sp. z o.o.",
        locations=("Warszawa", "Wrocław"),
        out_of_scope="Radom",
        domain="acme.example",
        contact_text="ALU-2",
        languages={"polish": "polski", "cyrillic": "ukraiński", "german": "angielski"},
        people=((names.polish, 34), (names.cyrillic, 7), (names.german, 2)),
        departments={
            "Produkcja": ("praktykant", "operator", "brygadzista", "kierownik zmiany"),
            "IT": ("stażysta", "programista", "starszy programista", "architekt; chmura", "CTO"),
            "Księgowość": ("stażystka", "księgowy", "główny księgowy", "dyrektor finansowy"),
            "Zakupy": ("stażysta", "kupiec", "starszy kupiec", "dyrektor zakupów"),
            "Badania": ("laborant", "inżynier", "starszy inżynier", "główny ekspert"),
        },
        codes={
            "resignation": ("wypowiedzenie - pracownik",),
            "mutual_agreement": ("art. 30 § 1 pkt 1 KP",),
            "end_of_contract": ("art. 30 § 1 pkt 4 KP",),
            "retirement": ("emerytura",),
            "redundancy": ("zwolnienie grupowe", "likwidacja stanowiska"),
            "performance": ("wypowiedzenie - wyniki",),
            "misconduct": ("art. 52 § 1 pkt 1 KP", "art. 52 § 1 pkt 2 KP", "art. 52 § 1 pkt 3 KP"),
            "dispute": ("ugoda sądowa",),
            "death": ("zgon",),
            "internal_transfer": ("art. 23(1) KP",),
            "no_show": ("niestawienie się",),
            "undisclosed": ("art. 53 § 1 KP", "renta"),
            "unknown": ("X17", "rozw. inne"),
        },
    ),
    GERMANY: Site(
        source=GERMANY,
        first_number=70_215,
        legal_entity="Acme Deutschland GmbH",
        locations=("Berlin", "Leipzig"),
        out_of_scope="Kassel",
        domain="acme.example",
        contact_text="AL-02",
        languages={"german": "DE", "polish": "PL", "cyrillic": "EN"},
        people=((names.german, 30), (names.polish, 4), (names.cyrillic, 3)),
        departments={
            "Fertigung": ("Praktikant", "Facharbeiterin", "Schichtleiter", "Werkleiterin"),
            "IT": ("Werkstudentin", "Entwickler", "Systemarchitektin", "Leiter IT"),
            "Buchhaltung": ("Praktikantin", "Buchhalter", "Bilanzbuchhalterin", "Kfm. Leiter"),
            "Vertrieb": ("Trainee", "Außendienst", "Gebietsleiterin", "Vertriebsleiter"),
            "Forschung": ("Hilfskraft", "Ingenieur", "Entwicklungsingenieurin", "Chefingenieur"),
        },
        codes={
            "resignation": ("K01 Eigenkündigung",),
            "mutual_agreement": ("K02 Aufhebungsvertrag",),
            "end_of_contract": ("K03 Befristung",),
            "retirement": ("K04 Altersrente",),
            "redundancy": ("K05 betriebsbedingt",),
            "performance": ("K06 personenbedingt",),
            "misconduct": ("K07 verhaltensbedingt", "K07 fristlos § 626 BGB"),
            "dispute": ("K08 Vergleich ArbG",),
            "death": ("K09 verstorben",),
            "internal_transfer": ("K10 Konzernwechsel",),
            "no_show": ("K11 nicht angetreten",),
            "undisclosed": ("K12 Erwerbsminderung", "K13 Familie"),
            "unknown": ("K99", "K21 sonstige"),
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row to be written, and what is expected of it after the first run.

    Attributes:
        facts: canonical field → value before formatting.
        intake: new | not_leaver | rejected.
        verdict: the rules' word; empty where no rule is asked.
        contact: invited, or why nobody can be asked; empty where it does not come to that.
        why: the reason of all this, for a reader.
        raw: replaces the written row, for rows that no exporter should write.
    """

    source: str
    scenario: str
    facts: Mapping[str, Value]
    intake: str = "new"
    verdict: str = "eligible"
    contact: str = "invited"
    why: str = ""
    flags: tuple[str, ...] = ()
    broken: str = ""

    def but(self, **facts: Value) -> "Record":
        """Return the record with some facts changed."""
        return replace(self, facts={**self.facts, **facts})

    def ends(self, intake: str, verdict: str = "", contact: str = "", why: str = "") -> "Record":
        """Return the record with another expected end."""
        return replace(self, intake=intake, verdict=verdict, contact=contact, why=why)


@dataclass
class Staff:
    """Makes records, never the same person or address twice."""

    random: Random
    addresses: set[str] = field(default_factory=set)
    made: dict[str, int] = field(default_factory=dict)

    def leaver(self, source: str, kind: str, *, left: date | None = None) -> Record:
        """Return an ordinary leaver of an exit kind, in good order and with evidence."""
        site = SITES[source]
        last_day = left or self._recent_day()
        maker = self.random.choices(*zip(*site.people, strict=True))[0]
        name = maker(self.random)
        department = self.random.choice(sorted(site.departments))
        titles = site.departments[department]
        level = self.random.choices(range(1, 4), (3, 6, 4))[0]
        hired = last_day - timedelta(days=self.random.randrange(300, 4500))
        number = self._number(site)
        return Record(
            source=source,
            scenario=kind,
            facts={
                "person_id": f"OS-{number + 500_000}",
                "employee_number": str(number),
                "given_name": name.given,
                "family_name": name.family or None,
                "personal_email": self.address(name),
                "contact_given_at": _asked_before(last_day, self.random.randrange(2, 40)),
                "contact_text": site.contact_text,
                "work_email": f"{name.ascii}{number % 7 or ''}@{site.domain}",
                "phone": f"+44 7700 900{number % 1000:03}",  # the range kept for fiction
                "language": site.languages[maker.__name__],
                "birth_date": _workday(hired - timedelta(days=self.random.randrange(7300, 13000))),
                "hire_date": _workday(hired),
                "last_working_day": last_day,
                "exit_date": max(last_day, _month_end(last_day)),
                "record_status": "left",
                "exit_kind": kind,
                "exit_code": self.random.choice(site.codes[kind]),
                "rehire_date": None,
                "worker_type": "intern" if level == 1 else "employee",
                "legal_entity": site.legal_entity,
                "department": department,
                "location": self.random.choice(site.locations),
                "job_title": titles[level - 1],
                "job_level": level,
                "manager_id": f"OS-{self.random.randrange(500_100, 500_180)}",
                "tags": None,
                "do_not_consider": "no",
            },
        )

    def address(self, name: Name) -> str:
        """Return a private address that nobody else in the sample has."""
        host = self.random.choice(names.MAIL_HOSTS)
        local, tail = name.ascii.strip("."), 1
        while f"{local}{tail if tail > 1 else ''}@{host}" in self.addresses:
            tail += 1
        address = f"{local}{tail if tail > 1 else ''}@{host}"
        self.addresses.add(address)
        return address

    def _number(self, site: Site) -> int:
        """Return the next employee number; they have gaps, as real ones do."""
        last = self.made.get(site.source, site.first_number)
        self.made[site.source] = last + self.random.randrange(3, 29)
        return last

    def _recent_day(self) -> date:
        """Return a last working day of the half year before the close."""
        back = self.random.randrange(1, 181)
        return _workday(CLOSE - timedelta(days=back))


def _workday(day: date) -> date:
    """Return `day`, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _month_end(day: date) -> date:
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following - timedelta(days=1)


def _asked_before(last_day: date, days: int) -> date | None:
    given = last_day - timedelta(days=days)
    return given if given >= EXIT_FORM_SINCE else None
