"""A state machine: a world with AppConfig, the environments in it, and what they must guarantee."""
