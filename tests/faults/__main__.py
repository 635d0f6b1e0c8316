"""`python -m tests.faults` prints the table of docs/reliability.md."""

from .page import table

print(table())  # noqa: T201 - printing is its purpose
