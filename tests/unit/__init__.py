"""One module at a time, without processes or network: the fast loop."""
