"""What a reader sees in a notebook: figures, tables and source code in the house style."""
