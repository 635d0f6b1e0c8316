"""A matrix of faults: whatever can break between a function and AWS, at each possible moment."""
