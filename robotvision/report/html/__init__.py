"""A run, or several, as one page that stands alone: no server, no network, no other file."""
