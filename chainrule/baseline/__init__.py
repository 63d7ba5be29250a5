"""The gate: what is expected of an implementation, as a file, and where a check differs from it."""
