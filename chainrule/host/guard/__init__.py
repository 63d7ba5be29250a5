"""Finds out whether the code answered a check honestly, as far as one process can: docs/honesty.md."""
