"""The consent site: where somebody reads, decides, changes their mind, and leaves.

Belongs here: the routes of the public site and how an outcome looks on a page. Does not belong
here: what an answer does (`alumni_sync.consent`), the text that people agree to (`rules/notices`).
Reading changes nothing: no GET writes to the ledger.
"""
