"""The words of rules: every rule says itself, in four languages, from its structure alone."""
