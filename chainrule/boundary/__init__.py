"""What a spec holds: the client side of a host."""
