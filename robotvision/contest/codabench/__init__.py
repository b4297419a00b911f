"""A contest on Codabench: the bundle an organiser uploads, and the program that scores there."""
