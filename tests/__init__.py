"""The tests; none of them depends on how fast this machine is."""

from hypothesis import settings

# A first example may import what the others find loaded.
settings.register_profile("untimed", deadline=None)
# For `make test-fast`: the same few examples each time.
settings.register_profile("fast", deadline=None, derandomize=True, max_examples=10)
settings.load_profile("untimed")
