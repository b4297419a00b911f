"""What is handed in: run files, truth files, the checker, packs, scores and ranks of files."""
