"""Language and vision-language models as operators in space (arXiv 2501.07802): flight, crew, validation."""
