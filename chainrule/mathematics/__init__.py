"""The oracle: clauses, bounds, comparisons and cases.  It does not depend on an implementation."""
