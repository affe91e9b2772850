"""PIIP (arXiv 2501.07783): image pyramids whose largest picture goes to the smallest network."""
