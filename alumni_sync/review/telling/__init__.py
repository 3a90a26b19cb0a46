"""Telling people that cases wait: rounds, whom they concern, and mails sent at most once."""
