"""From an implementation and chapters to results."""
