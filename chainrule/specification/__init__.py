"""Defines specs, lists them, and provides the points at which they check."""
