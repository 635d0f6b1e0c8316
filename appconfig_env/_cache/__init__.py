"""What is known of each resource, when it goes stale, and which process refreshes it."""
