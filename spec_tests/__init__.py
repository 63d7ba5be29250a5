"""chainrule.spec_tests: the specification, one test file per chapter.

Run it with `chainrule check TARGET` or `pytest --pyargs chainrule.spec_tests --impl TARGET`.
"""
