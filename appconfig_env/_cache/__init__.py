"""What is known of each resource, when it goes stale, and who refreshes it."""
