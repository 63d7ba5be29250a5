"""From the failures of a check to their causes: which mistake, in which line, and what would mend it."""
