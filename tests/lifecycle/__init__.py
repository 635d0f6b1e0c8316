"""The lifecycle of an execution environment: forks, freezes, restores, signals, a full /tmp."""
