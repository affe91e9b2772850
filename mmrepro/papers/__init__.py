"""One folder a paper: its facts, settings, data, model and evaluation."""
