"""Networks and browsers: what little of a client is counted or kept."""

import pytest

from alumni_sync.sites.networks import agent_family, evidence_network, network_of


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_clients_are_counted_by_network(client: str, network: str) -> None:
    """One address more must be no way around a limit."""
    assert network == network_of(client, 64)


@pytest.mark.parametrize("client", ["testclient", "", "192.168.1.1", "::1", "fe80::1"])
def test_a_proxys_address_is_no_evidence(client: str) -> None:
    """A proof that names our own proxy looks like one and is none."""
    assert "" == evidence_network(client)


@pytest.mark.parametrize(
    ("header", "family"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "chrome"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Edg/140.0", "edge"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Version/18.0 Safari/604.1", "safari"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1", "chrome"),
        ("curl/8.0", "other"),
        ("", ""),
    ],
)
def test_only_the_family_of_a_browser_is_kept(header: str, family: str) -> None:
    """A whole `User-Agent` tells people apart; the family does not."""
    assert family == agent_family(header)
