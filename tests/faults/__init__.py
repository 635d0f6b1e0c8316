"""A matrix of faults: what may break between a function and AWS, at each moment it may."""
