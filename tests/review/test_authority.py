"""The role table: who may do what, and what nobody vouches for."""

from itertools import product

import pytest

from alumni_sync.domain import Identity, Role
from alumni_sync.errors import Refused
from alumni_sync.review.people.authority import ROLES, UNVERIFIED_ACTS, Act, Authority
from alumni_sync.sections import PersonSection


def _person(user: str, *roles: Role, sources: tuple[str, ...] = ("acme-pl",)) -> PersonSection:
    return PersonSection(
        user=user, mail=f"{user}@acme.example", roles=frozenset(roles), sources=sources
    )


EVERYONE = Authority([_person(role.value, role) for role in Role], loopback=False)
EXPECTED = {
    Role.REVIEWER: {Act.SEE_CASE, Act.RULE, Act.PROPOSE, Act.MATCH_JOIN},
    Role.SECOND: {
        Act.SEE_CASE,
        Act.CONFIRM,
        Act.PROPOSE_RELEASE,
        Act.CONFIRM_RELEASE,
        Act.CONFIRM_CONSENT,
    },
    Role.PRIVACY: {
        Act.SEE_CASE,
        Act.FIND_PERSON,
        Act.SEE_CONSENT,
        Act.RECORD_CONSENT,
        Act.CONFIRM_CONSENT,
        Act.LEGAL_HOLD,
        Act.SEE_REQUEST,
        Act.HANDLE_REQUEST,
        Act.MATCH_JOIN,
    },
    Role.OPERATOR: {Act.PROPOSE_RELEASE},
    Role.AUDITOR: {Act.SEE_CASE, Act.FIND_PERSON, Act.SEE_CONSENT, Act.SEE_REQUEST},
}
OURS = {act for acts in EXPECTED.values() for act in acts}
"""What is done at the desk, and to brakes and guards; the rest is tested beside what does it."""


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_this_and_nothing_else(role: Role) -> None:
    """A role that may do more than people were told is a hole in every other rule."""
    somebody = Identity(role, verified=True)

    may = {act for act in OURS if EVERYONE.may(somebody, act, "acme-pl").allowed}

    assert EXPECTED[role] == may


@pytest.mark.parametrize(("act", "loopback"), list(product(Act, (True, False))))
def test_who_nobody_vouches_for(act: Act, *, loopback: bool) -> None:
    """A name that the caller chose is no authority, whoever's name it is."""
    authority = Authority(EVERYONE.people, loopback=loopback)

    permit = authority.may(Identity(Role.REVIEWER, verified=False), act, "acme-pl")

    assert (loopback and act in UNVERIFIED_ACTS) == permit.allowed
    assert permit.allowed == (permit.why == "")


def test_every_act_has_roles() -> None:
    """An act without a role would be open to nobody, or to everybody."""
    assert set(Act) == set(ROLES)
    assert all(ROLES.values())


def test_sources_seen() -> None:
    """The list of cases is cut to what somebody may see."""
    authority = Authority(
        [
            _person("one", Role.REVIEWER),
            _person("all", Role.AUDITOR, sources=()),
            _person("none", Role.OPERATOR),
        ],
        loopback=True,
    )
    sources = ("acme-pl", "acme-de")

    def seen(user: str, *, verified: bool = True) -> frozenset[str]:
        return authority.sources_seen(Identity(user, verified=verified), sources)

    assert frozenset({"acme-pl"}) == seen("one")
    assert frozenset(sources) == seen("all")
    assert frozenset() == seen("none") == seen("stranger")
    assert frozenset(sources) == seen("unverified", verified=False)


def test_a_refusal_says_why() -> None:
    """Somebody who is refused asks for the right thing only when told what was missing."""
    with pytest.raises(
        Refused, match="operator may not rule on a case: that takes the role reviewer"
    ):
        EVERYONE.require(Identity(Role.OPERATOR, verified=True), Act.RULE, "acme-pl")
    with pytest.raises(Refused, match="reviewer has no role for acme-de"):
        EVERYONE.require(Identity(Role.REVIEWER, verified=True), Act.RULE, "acme-de")
