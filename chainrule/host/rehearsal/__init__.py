"""Runs the author's own training once, on a little made data, and learns from it how the code is meant to be called."""
