"""CG-MER (arXiv 2501.08182): the pipeline of a private corpus, rebuilt on real stand-ins."""
