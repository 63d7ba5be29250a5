"""Programs that the nox sessions run: tables over the banks, and checks of the distribution."""
