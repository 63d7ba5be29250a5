"""Finds the conventions of an implementation by trying.

An inference rests on an effect that no mistake can have: which shapes the code takes and gives, or two of its results
that agree with each other.
"""
