"""Ewing sarcoma: what language supervision sees in tissue, and what saves the parameters."""
