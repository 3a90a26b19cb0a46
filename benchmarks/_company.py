"""An invented company of any size: one leaver export, one mapping, one configuration.

Made anew for each benchmark in a folder of its own, seeded, so that two runs measure the same.
"""

import csv
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

AS_OF: Final = "2026-11-03T09:00:00+00:00"
COLUMNS: Final = (
    "person_id",
    "employee_number",
    "given_name",
    "family_name",
    "personal_email",
    "contact_given_at",
    "contact_text",
    "work_email",
    "phone",
    "language",
    "birth_date",
    "hire_date",
    "last_working_day",
    "exit_date",
    "record_status",
    "exit_code",
    "worker_type",
    "legal_entity",
    "department",
    "location",
    "job_title",
    "job_level",
    "manager_id",
)
CODES: Final = {
    "R1": "resignation",
    "R2": "retirement",
    "R3": "end_of_contract",
    "R4": "redundancy",
    "R5": "mutual_agreement",
    "M1": "misconduct",
}
_SHARES: Final = (50, 8, 22, 8, 6, 6)
_SYLLABLES: Final = ("ba", "ro", "mi", "tel", "ka", "vor", "zin", "lu", "der", "no", "shi", "am")
_TITLES: Final = ("analyst", "engineer", "clerk", "operator", "buyer", "planner", "designer")
_CITIES: Final = ("Warszawa", "Berlin", "Leipzig", "Wrocław")

_CONFIG: Final = """
company: {name: Acme, domains: [acme.example], languages: [en, pl]}
ledger: {url: "sqlite:///var/ledger.db"}
keys: {store: "sqlite:///var/keys.db", master: "${ALUMNI_SYNC_MASTER_KEY}"}
sources:
  bulk:
    connector: csv
    path: leavers.csv
    mapping: mapping.yaml
    controller: {name: "Acme sp. z o.o.", contact: privacy@acme.example}
    jurisdiction: pl
    timezone: Europe/Warsaw
    contact: {basis: exit_form, evidence: field}
rules: rules/eligibility/default.yaml
consent: {public_url: "http://127.0.0.1:8400", notice: alumni-community}
mail: {connector: file, directory: var/outbox, from: "Acme Alumni <alumni@acme.example>"}
platform:
  connector: directory
  path: var/community.db
  processor: {agreement: "none: kept by Acme itself", region: eu}
people: [{user: ops, mail: ops@acme.example, roles: [operator, second]}]
dagster: {url: "http://127.0.0.1:3000"}
desk: {url: "http://127.0.0.1:8401"}
brakes:
  invitations: {per_day: 1000000}
  adds: {count: 1000000, share: 1.0}
  removals: {count: 20, share: 0.2}
"""


def build(folder: Path, count: int, *, rules: Path, codes: Sequence[str] = ()) -> Path:
    """Write a deployment with `count` leavers into `folder`; return its configuration.

    Args:
        folder: made where it is missing.
        count: of leavers, one row each, all of them gone.
        rules: the folder of rule packs, jurisdictions and notices to use.
        codes: exit codes that leavers have, each as often as the others; none: those of `CODES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules").symlink_to(rules.resolve(), target_is_directory=True)
    lines = ["dates: iso", "fields:"]
    lines += [f"  {name}: {name}" for name in COLUMNS]
    lines += ["  country: {constant: PL}", "exit_codes:", "  exact:"]
    lines += [f"    {code}: {kind}" for code, kind in CODES.items()]
    (folder / "mapping.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "leavers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(random.Random(f"leaver-{n}"), n, codes) for n in range(count))
    config = folder / "alumni_sync.yaml"
    config.write_text(_CONFIG.lstrip(), encoding="utf-8")
    return config


def _row(chance: random.Random, number: int, codes: Sequence[str]) -> list[str]:
    """Return one leaver."""
    given = "".join(chance.choices(_SYLLABLES, k=2)).capitalize()
    family = "".join(chance.choices(_SYLLABLES, k=3)).capitalize()
    last_day = date(2026, 10, 30) - timedelta(days=chance.randrange(900))
    hired = last_day - timedelta(days=chance.randrange(100, 9000))
    (code,) = chance.choices(codes) if codes else chance.choices(list(CODES), _SHARES)
    return [
        f"OS-{number:07}",
        f"{10_000 + number}",
        given,
        family,
        f"{given}.{family}.{number}@post.example".lower(),
        str(last_day - timedelta(days=14)),
        "ALU-2",
        f"{given}.{family}.{number}@acme.example".lower(),
        f"+44 7700 {900_000 + number % 100_000}",
        "pl",
        str(date(1955, 1, 1) + timedelta(days=chance.randrange(18_000))),
        str(hired),
        str(last_day),
        str(last_day),
        "left",
        code,
        "employee",
        "Acme sp. z o.o.",
        f"Department {chance.randrange(40)}",
        chance.choice(_CITIES),
        chance.choice(_TITLES),
        str(chance.randrange(1, 9)),
        f"OS-{chance.randrange(2_000):07}",
    ]
