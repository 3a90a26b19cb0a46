"""The exclusion queue as it stands: cases follow the verdicts, are due, are listed and counted."""
