"""Finds the conventions of an implementation by calling it.

An inference relies only on effects that no mistake can have: the shapes that the code takes and returns, or the
agreement of two of its results.
"""
