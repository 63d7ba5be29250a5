"""What a spec is, which specs there are, and the points at which they look."""
