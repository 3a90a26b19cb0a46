"""Intake: what a source says → leavers in the ledger, rows in quarantine, and nothing else.

Belongs here: recognising whose employment a record is about and what is new of it, the guards on
what is read, quarantine, the watermark. Does not belong here: who may be invited (eligibility),
vendors' formats (connectors).

A read that can be repeated is made twice. The first time nothing is written: rows are counted, put
beside each other and beside the ledger, and the guards are asked (`survey`, `sighting`, `placing`,
`guards`). The second time the pages that hold something new are taken in (`taking`), and the
watermark moves at the very end (`pull`). A run that finds nothing new ends after the first.
"""
