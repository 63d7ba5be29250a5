"""What an implementation is, as data: names, conventions, chapters, declarations; and the interface of adapters."""
