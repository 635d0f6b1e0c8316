"""Fleets of environments in virtual time: the package's own code against AWS's quotas."""
