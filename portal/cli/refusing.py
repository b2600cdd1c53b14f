"""Command groups whose refusals are sentences and exit status 1, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import click
from flask.cli import AppGroup, with_appcontext

from portal.refusals import Refusal

P = ParamSpec("P")


class RefusingGroup(AppGroup):
    """A group of commands that answers a Refusal with its sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; print a refusal and leave with status 1."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            click.echo(f"refused: {refusal}", err=True)
            ctx.exit(1)


def refusing(command: Callable[P, None]) -> Callable[P, None]:
    """A single command whose refusals are a sentence and exit status 1. Stands below the command's decorators."""

    @with_appcontext
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Refusal as refusal:
            click.echo(f"refused: {refusal}", err=True)
            click.get_current_context().exit(1)

    return run
