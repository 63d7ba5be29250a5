"""The study of an implementation: equation, line and test side by side, joined by what ran."""
