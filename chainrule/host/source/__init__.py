"""From TARGET to a module: which of its statements run, and what replaces missing modules."""
