"""`chainrule adapt` drafts adapters, and adapters may fall back on what chainrule recognises."""
