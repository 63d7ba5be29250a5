"""What the tests look at: faulty and correct implementations, styles, cheaters."""
