"""A run as people read it: one JSON object, the terminal, a page, figures."""
