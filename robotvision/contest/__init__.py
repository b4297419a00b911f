"""What an organiser runs: ranking sites, Codabench bundles."""
