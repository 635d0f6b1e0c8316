"""What an environment lives through: forks, freezes, restores, signals, a full /tmp."""
