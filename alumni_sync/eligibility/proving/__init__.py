"""Proving a pack before it judges anybody: its cases, what they cover, lint with its company."""
