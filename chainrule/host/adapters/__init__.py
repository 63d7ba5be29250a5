"""Drafts adapters for `chainrule adapt`, and lets adapters build on what chainrule recognises."""
