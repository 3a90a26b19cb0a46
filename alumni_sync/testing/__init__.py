"""For authors of plugins: conformance kits, fakes and builders. Public API.

Belongs here: what a connector, platform or mailer outside this repository needs to test itself
against the ports. Does not belong here: tests, and anything that production code imports.
"""
