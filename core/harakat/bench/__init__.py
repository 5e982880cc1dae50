"""Measuring an encoder on the machine at hand: speed, the share of its matrix rate, and where the time goes."""
