"""The oracle: clauses, bounds, comparisons and cases.  It knows no implementation."""
