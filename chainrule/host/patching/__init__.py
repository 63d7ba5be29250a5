"""Changes tried in a running function, never in the file: its code object is replaced, and then put back."""
