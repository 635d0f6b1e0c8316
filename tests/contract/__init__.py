"""What others define: the services' contracts, and fakes and clients held to them."""
