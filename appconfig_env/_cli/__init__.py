"""The commands of `appconfig-env`; the layer has only `run`."""
