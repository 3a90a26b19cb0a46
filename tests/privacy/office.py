"""The people of a company who answer requests, for the tests of privacy."""

from alumni_sync.domain import Identity

PEOPLE = [
    {"user": "k.weber", "mail": "k.weber@acme.example", "roles": ["privacy"]},
    {"user": "a.auditor", "mail": "a.auditor@acme.example", "roles": ["auditor"]},
    {
        "user": "h.reviewer",
        "mail": "h.reviewer@acme.example",
        "roles": ["reviewer"],
        "sources": ["acme-pl", "acme-de"],
    },
]
WEBER = Identity("k.weber", verified=True)
AUDITOR = Identity("a.auditor", verified=True)
REVIEWER = Identity("h.reviewer", verified=True)
OUTSIDER = Identity("somebody", verified=True)
