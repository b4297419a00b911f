"""The front door: what `import robotvision` offers."""
