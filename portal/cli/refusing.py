"""Command groups whose refusals are sentences and exit status 1, never a traceback."""

from __future__ import annotations

from typing import Any

import click
from flask.cli import AppGroup

from portal.refusals import Refusal


class RefusingGroup(AppGroup):
    """A group of commands that answers a Refusal with its sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a refusal and leave with status 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"refused: {refusal}", err=True)
            ctx.exit(1)
