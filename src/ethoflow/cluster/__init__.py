"""Behaviour found without labels: networks and mixtures on signals, decoded in time."""
