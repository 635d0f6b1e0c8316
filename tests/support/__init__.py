"""What the tests share: fakes, servers, the canary."""
