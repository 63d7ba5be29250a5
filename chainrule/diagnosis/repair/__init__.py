"""The search for the line of the learner's code whose replacement makes the failing specs pass."""
