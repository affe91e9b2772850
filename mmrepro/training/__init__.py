"""The training loop, checkpoints and seeds."""
