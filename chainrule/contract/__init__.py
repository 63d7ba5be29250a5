"""The contract as data: names, conventions, chapters, declarations; and the interface that adapters implement."""
