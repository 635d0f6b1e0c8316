"""A minimal HTTP/1.1 client over TCP and TLS; knows neither AWS nor this project."""
