"""A minimal HTTP/1.1 client over TCP and TLS; does not depend on the rest of the package."""
