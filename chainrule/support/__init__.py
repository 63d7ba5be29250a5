"""Helpers that know nothing of networks: arrays, time limits, positions in source files."""
