"""The record: one case with its person, its history opened, and the decision as a page to print."""
