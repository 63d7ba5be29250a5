"""The interface through which a spec calls the code under check: the client side of a host."""
