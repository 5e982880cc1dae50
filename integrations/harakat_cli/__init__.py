"""The `harakat` command: the only place that knows the encoder and the stores together."""
