"""The tests; none of them depends on how fast this machine is."""

from hypothesis import settings

# A first example may import what the others find loaded.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
