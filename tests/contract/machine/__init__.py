"""What the state machine moves: a world with AppConfig in it, and environments that live there."""
