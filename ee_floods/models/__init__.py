"""Models: what turns bands into the probability of water."""
