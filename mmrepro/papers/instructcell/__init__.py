"""InstructCell: a language model that reads and writes single cells."""
