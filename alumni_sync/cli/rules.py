"""`rules explain PERSON`: why a verdict is what it is, clause by clause."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from alumni_sync.cli.acting import acting
from alumni_sync.cli.app import App, json_option, pass_app, show

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.eligibility.records import DecisionRecord

ANSWERS = {True: "true", False: "false", None: "unknown"}


@click.group()
def rules() -> None:
    """The rules of eligibility, and what they say of somebody."""


@rules.command()
@click.argument("person")
@click.option("--by", metavar="USER", help="Who looks. Default: the login.")
@json_option
@pass_app
def explain(app: App, person: str, by: str | None, *, as_json: bool) -> None:
    """Show each rule, what it said of PERSON, and which clause was true, false or unknown.

    It tells as much of the person as the facts do: for whoever may see cases of the source.
    """
    from alumni_sync.eligibility.explain import decisions_about
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.review.authority import Act, Authority

    with app.open(create=False) as deployment:
        identity = acting(deployment.settings.people, by)
        found = decisions_about(deployment, resolve_person(deployment, person))
        authority = Authority.of(deployment.settings)
        for source, _ in found:
            authority.require(identity, Act.SEE_CASE, source)
        spells = [_spell(deployment, source, decision) for source, decision in found]
    show(spells, _lines(spells), as_json=as_json)


def _spell(d: "Deployment", source: str, decision: "DecisionRecord | None") -> dict[str, Any]:
    from alumni_sync.eligibility.explain import decision_lines, rules_said

    said = rules_said(d, source, decision) if decision else ()
    return {
        "source": source,
        "verdict": decision.judgement.verdict if decision else None,
        "revision": decision.judgement.revision if decision else None,
        "judged_on": decision.judged_on if decision else None,
        "said": list(decision_lines(source, decision)),
        "rules": [
            {
                "id": rule.id,
                "sentence": rule.sentence,
                "holds": ANSWERS[rule.holds],
                "clauses": [
                    {"words": clause.words, "holds": ANSWERS[clause.holds]}
                    for clause in rule.clauses
                ],
            }
            for rule in said
        ],
    }


def _lines(spells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for spell in spells:
        yield from spell["said"]
        if spell["verdict"] and not spell["rules"]:
            yield "The rules have changed since: the next run judges anew."
        for rule in spell["rules"]:
            yield f"  {rule['holds']:8}{rule['sentence']}  [{rule['id']}]"
            if len(rule["clauses"]) > 1:
                for clause in rule["clauses"]:
                    yield f"      {clause['holds']:8}{clause['words']}"
