"""Reports of an Outcome: as text for a terminal and as HTML.  The Outcome itself writes JSON."""
