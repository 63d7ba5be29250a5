"""Whether a check was answered honestly, as far as one process can tell: docs/honesty.md.

finding       what speaks against it, and whether it fails the check
snapshot      what a check relies on is what it was before the code ran
looks         code that asks who calls it, found in its source; audit: the same, seen as it happens
exits         what code wants done when Python ends is taken off the list
surroundings  nothing in them tells that a test runs
watch         the pytest plugin around the specs, which brings all of this together
unwatched     the same calls once more, and fresh ones, where no test is to be seen
operations    what those calls are, and how they are judged
expected      which specs a run must have answered
"""
