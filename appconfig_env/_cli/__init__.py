"""The commands of `appconfig-env`; of these only `run` is in the layer."""
