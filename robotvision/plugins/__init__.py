"""Plug-ins by name: registry, search path, parameters."""
