"""Whether a check was answered honestly, as far as one process can tell: docs/honesty.md."""
