"""What a reader gets: text, a terminal, a page, a notebook, and files for other programs."""
