"""Real processes under random harm while flow runs are started: `make chaos`."""
