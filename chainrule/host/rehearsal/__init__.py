"""Runs the author's own training once, on made data, and learns how the code is meant to be called."""
