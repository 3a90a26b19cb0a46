"""`rules explain PERSON`: why a verdict is what it is, clause by clause; and the other commands."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from alumni_sync.cli.acting import acting
from alumni_sync.cli.app import App, json_option, pass_app, show
from alumni_sync.cli.published_rules import COMMANDS
from alumni_sync.cli.queue_record import NOT_GIVEN, looked_at
from alumni_sync.cli.rule_checks import COMMANDS as CHECKS

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment
    from alumni_sync.eligibility.judging.records import DecisionRecord

ANSWERS = {True: "true", False: "false", None: "unknown"}


@click.group()
def rules() -> None:
    """The rules of eligibility, and what they say of somebody."""


@rules.command()
@click.argument("person")
@click.option("--decision", type=int, metavar="NUMBER", help="A decision of the past.")
@click.option("--past", is_flag=True, help="Every decision that is kept, oldest first.")
@click.option("--by", metavar="USER", help="Who looks. Default: the login.")
@json_option
@pass_app
def explain(
    app: App, person: str, decision: int | None, by: str | None, *, past: bool, as_json: bool
) -> None:
    """Show each rule, what it said of PERSON, and which clause was true, false or unknown.

    By the rules of the time, which the ledger kept, with the fact beside each clause: for whoever
    may see cases of the source. Who looked is written down.
    """
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.review.people.access import log_access
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    with app.open(create=False) as deployment:
        identity = acting(deployment.settings.people, by)
        who = resolve_person(deployment, person)
        found = _decisions(deployment, who, past=past or decision is not None)
        authority = authority_now(deployment)
        for _, source, _ in found:
            authority.require(identity, Act.SEE_CASE, source)
        if decision is not None:
            found = _only(found, decision)
        log_access(deployment, identity, Act.SEE_CASE, who, "rules explain")
        spells = [_spell(deployment, *one) for one in found]
    show(spells, _lines(spells), as_json=as_json)


Found = tuple[int | None, str, "DecisionRecord | None"]
"""Number, source and content of a decision."""


def _decisions(d: "Deployment", person: str, *, past: bool) -> list[Found]:
    """Return the current decision about each spell of a person, or all of them."""
    from alumni_sync.eligibility.evaluation.explain import decisions_about
    from alumni_sync.eligibility.judging.reproducing import past_decisions

    if past:
        return [*past_decisions(d, person)]
    return [(None, source, record) for source, record in decisions_about(d, person)]


def _only(found: Sequence[Found], number: int) -> list[Found]:
    if this := [one for one in found if one[0] == number]:
        return this
    known = ", ".join(str(one) for one, _, _ in found) or "none"
    raise click.BadParameter(f"is not kept; kept are: {known}", param_hint="--decision")


def _spell(
    d: "Deployment", number: int | None, source: str, decision: "DecisionRecord | None"
) -> dict[str, Any]:
    from alumni_sync.eligibility.evaluation.explain import decision_lines, rules_said
    from alumni_sync.eligibility.judging.reproducing import judge_again
    from alumni_sync.review.record.dossier import facts_as_text

    facts = facts_as_text(decision.facts) if decision else {}
    said = rules_said(d, source, decision) if decision else ()
    again = judge_again(d, source, decision) if decision else None
    return {
        "decision": number,
        "same_again": again == decision.judgement if decision and again else None,
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
                    {
                        "words": clause.words,
                        "holds": ANSWERS[clause.holds],
                        "facts": {name: facts.get(name, NOT_GIVEN) for name in clause.fields},
                    }
                    for clause in rule.clauses
                ],
            }
            for rule in said
        ],
    }


def _lines(spells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for spell in spells:
        if spell["decision"] is not None:
            yield f"Decision {spell['decision']}:"
        yield from spell["said"]
        if spell["verdict"] and not spell["rules"]:
            yield "The rules of that day were not kept: the next run judges anew."
        if spell["same_again"] is not None:
            how = "the same" if spell["same_again"] else "NOT the same"
            yield f"Worked out again by the rules of that day: {how}."
        for rule in spell["rules"]:
            yield from _rule_lines(rule)


def _rule_lines(rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield a rule, and its clauses where there are several, each with the facts it looks at."""
    clauses = rule["clauses"]
    alone = _behind(clauses[0]["facts"]) if len(clauses) == 1 else ""
    yield f"  {rule['holds']:8}{rule['sentence']}  [{rule['id']}]{alone}"
    for clause in clauses if len(clauses) > 1 else ():
        yield f"      {clause['holds']:8}{clause['words']}{_behind(clause['facts'])}"


def _behind(facts: Mapping[str, str]) -> str:
    return looked_at(tuple(facts), facts)


@rules.command()
def schema() -> None:
    """Print the JSON Schema of rule packs, by which editors complete and check them."""
    from alumni_sync.eligibility.language.schema import schema_text

    click.echo(schema_text(), nl=False)


for _command in (*COMMANDS, *CHECKS):
    rules.add_command(_command)
