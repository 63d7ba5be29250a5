"""Runs the specs of chapters on an implementation and collects their results."""
