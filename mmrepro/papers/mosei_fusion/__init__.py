"""Late, early and attention fusion for three-way sentiment (arXiv 2501.08085)."""
