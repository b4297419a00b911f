"""``python -m robotvision``: the command line, where the script is not on the path."""

from robotvision.cli import main

if __name__ == "__main__":
    main()
