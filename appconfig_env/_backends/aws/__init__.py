"""Everything about AWS: which calls read which resource, how they are signed, sent and retried.

Nothing is imported here: a cold start loads only the modules that it needs. The entry point is
`choose.backend`.
"""
