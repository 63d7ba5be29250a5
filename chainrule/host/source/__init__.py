"""From TARGET to a module: which statements run, and what stands in for what is missing."""
