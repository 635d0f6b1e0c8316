"""A minimal HTTP/1.1 client over TCP and TLS; does not depend on the rest of the package.

It imports nothing of the package, but was made for calls to AWS, and that shows in four places:
remedies name AWS and the settings of the edge (`errors`, `sockets`, `trust_store`), Amazon's root
certificates are loaded first (`trust_store`), and the limit of a body fits AWS's largest document
(`connection`). docs/architecture.md lists them.
"""
