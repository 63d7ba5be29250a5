"""Whether a check was answered honestly, as far as one process can tell: docs/honesty.md.

snapshot   what a check relies on is what it was before the code ran
looks      code that asks who calls it, found in its source
audit      the same, seen as it happens
watch      the pytest plugin that keeps the surroundings of a spec plain, and its calls
unwatched  the same calls once more, and fresh ones, where no test is to be seen
expected   which specs a run must have answered
"""
