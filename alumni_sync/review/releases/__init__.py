"""Releases by two people: brakes, source guards, and changed rules."""
