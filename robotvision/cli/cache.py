"""``robotvision cache``: what extraction keeps on disk."""

from __future__ import annotations

import click

from robotvision.cli.options import json_option

EPILOG = """\b
Examples:
  robotvision cache info
  robotvision cache clear --keep 2GB
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Look at or clear the cache of extracted features and exported networks.

    It is in ROBOTVISION_CACHE (else ~/.cache/robotvision) and holds at most
    ROBOTVISION_CACHE_LIMIT (else 10GB; none: no limit): what was used longest ago goes first.
    """


@command.command()
@json_option
def info(as_json: bool) -> int:
    """Show where the cache is, what is in it and how much it may hold."""
    import json
    from datetime import datetime

    from robotvision.features import cache_root
    from robotvision.features.cache import KINDS, entries, limit_bytes, shown_size

    found, limit = entries(), limit_bytes()
    kinds = {kind: [e for e in found if e.kind == kind] for kind in KINDS}
    if as_json:
        sizes = {k: {"files": len(v), "bytes": sum(e.n_bytes for e in v)} for k, v in kinds.items()}
        about = {**sizes, "folder": str(cache_root()), "limit_bytes": limit}
        click.echo(json.dumps(about, ensure_ascii=False))
        return 0
    click.echo(f"folder    {cache_root()}")
    for kind, listed in kinds.items():
        click.echo(f"{kind:8}  {len(listed)} files, {shown_size(sum(e.n_bytes for e in listed))}")
    click.echo(f"limit     {'none' if limit is None else shown_size(limit)}")
    if found:
        oldest = datetime.fromtimestamp(found[0].used_s)
        click.echo(f"longest unused since {oldest:%Y-%m-%d %H:%M}")
    return 0


@command.command()
@click.option("--keep", metavar="SIZE", help="Keep so much of what was used last: 500MB, 2GB.")
def clear(keep: str | None) -> int:
    """Remove what is in the cache; whatever is needed again is computed again."""
    from robotvision.features.cache import shown_size, size_of, trim

    removed = trim(0 if keep is None else size_of(keep, "--keep"))
    size = shown_size(sum(e.n_bytes for e in removed))
    click.echo(f"removed {len(removed)} files, {size}")
    return 0
