"""The desk at which a learner sits: a check at every save, in a warm process, and what it changed."""
