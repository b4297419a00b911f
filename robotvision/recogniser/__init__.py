"""A trained place recogniser: pipeline, training, decision, model files."""
