"""Consent: may we write, what do we show, what did the person say, may we still process it.

    terms, jurisdictions   what a deployment and the law of a place say about asking
    gates, lifecycle/      may we write, may we process; every state and what moves it (pure)
    invitations            who is to be asked
    mail/  paper/          … by mail, by letter        returns/   and what comes back
    links/  notices/       what opens, what is read there
    answers/               what a person says, and the transaction that keeps it
    evidence/              what proves it
    rounds/                what time does to it        joining/   whoever comes by themselves
    grants                 what membership may know of a yes

Does not belong here: the web pages (`sites`), the wire format of a mail (`connectors.mail`), what
is written to a platform (`membership`), retention and erasure (`privacy`).
"""
