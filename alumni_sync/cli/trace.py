"""`trace PERSON`: the whole way of one person, a sentence a step."""

import click

from alumni_sync.cli.app import App, json_option, pass_app, show


@click.command()
@click.argument("person")
@json_option
@pass_app
def trace(app: App, person: str, as_json: bool) -> None:
    """Tell the whole way of PERSON, a sentence a step, and what comes next.

    PERSON is source/employee, P-…, or an employee number that is unique; never an e-mail address.
    """
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.reporting.trace import steps_of, told

    with app.open(create=False) as d:
        way = steps_of(d, resolve_person(d, person))
    lines = [way.head, *(told(step, way.zone) for step in way.steps)]
    show(
        {"person": way.person, "source": way.source, "employee": way.number, "steps": way.steps},
        lines,
        as_json=as_json,
    )
