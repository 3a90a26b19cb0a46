"""Whom we can reach: the figure that decides whether an exit form is worth printing."""

from alumni_sync.consent.paper.letters import who_gets_letters, write_letter
from alumni_sync.consent.reach import Reach, reach
from alumni_sync.domain import ContactBasis
from alumni_sync.sections import Contact
from tests.consent.world import World


def of(world: World, source: str = "acme-pl", basis: str = "exit_form") -> Reach:
    """Return one entry."""
    return next(each for each in reach(world.d) if (each.source, each.basis) == (source, basis))


def test_everybody_is_counted_once_by_source_and_reason(any_world: World) -> None:
    """People who are in no figure are forgotten until they ask why nobody wrote."""
    any_world.leaver()
    any_world.leaver("jan", personal_email=None)
    any_world.leaver("ola", contact_given_at=None)
    any_world.plan()
    any_world.leaver("ewa")

    found = of(any_world)

    assert (4, 1, {"no_address": 1, "no_evidence": 1}, {"not_planned": 1}) == (
        found.total, found.by_mail, found.closed, found.waiting,
    )  # fmt: skip
    assert (
        "source acme-pl, basis exit_form: 1 of 4 leavers can be contacted by mail; "
        "waiting: not planned 1; not at all: no address 1, no evidence 1"
    ) == found.sentence()


def test_a_source_without_anybody_is_said(world: World) -> None:
    """A source that is missing from the list looks like one that was forgotten."""
    world.leaver()

    assert "nobody is to be asked so far" in of(world, "acme-de").sentence()
    assert ["acme-de"] == [each.source for each in reach(world.d, ["acme-de"])]


def test_what_the_deployment_lacks_is_said_of_those_who_wait(world: World) -> None:
    """Counsel signs sooner who sees how many people wait for the signature."""
    world.leaver()
    pack = world.root / "rules" / "jurisdictions" / "pl.yaml"
    text = pack.read_text("utf-8")
    pack.write_text(text.replace("accepted_by: C. Counsel", 'accepted_by: ""'), "utf-8")
    world.plan()

    assert {"pack_is_draft": 1} == of(world).waiting


def test_whom_only_a_letter_reaches_is_counted_apart(world: World) -> None:
    """HR orders stamps by it, before and after the letters are made."""
    world.d.settings.sources["acme-pl"].__dict__["contact"] = Contact(basis=ContactBasis.NONE)
    world.leaver()
    world.leaver("jan")
    world.plan()

    assert (2, 0) == (of(world, basis="none").by_letter, of(world, basis="none").by_mail)
    write_letter(world.d, who_gets_letters(world.d, "acme-pl", again=False)[0], "dpo.nowak")
    assert (2, 0) == (of(world, basis="none").by_letter, of(world, basis="none").by_mail)
    assert "0 of 2 leavers can be contacted by mail; 2 by letter only" in (
        of(world, basis="none").sentence()
    )
