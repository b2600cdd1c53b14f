"""The template engine as the portal sets it up: Jinja as Flask does, without what it would ask again at every call and every import."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from types import FunctionType
from typing import Any

from flask import Blueprint, Flask
from flask.templating import Environment
from jinja2.runtime import Context, Macro

ESCAPING: Any = getattr(Macro.__call__, "jinja_pass_arg", None)
"""How Jinja marks what wants to know whether the template escapes."""


class PortalContext(Context):
    """What a template may speak of. Of what a page calls, most are macros and functions: those are known by their kind,
    instead of being asked one by one, and by three ways, what they want to be given (which takes Jinja longer than the call)."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, a function, or whatever else a template has put brackets behind."""
        kind = type(called)
        wants = ESCAPING if kind is Macro else getattr(called, "jinja_pass_arg", None) if kind is FunctionType else self
        if wants is ESCAPING:
            args = (self.eval_ctx, *args)
        elif wants is not None:  # the context or the environment, or it is no function
            return super().call(called, *args, **kwargs)
        kwargs.pop("_block_vars", None)  # the compiler's own, for those that want the context
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


class PortalEnvironment(Environment):
    """Flask's environment, in which a template without globals of its own shares those of all: Jinja lays an empty map over
    them, and goes through both names by names at every page and every import."""

    context_class = PortalContext

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template; those of the portal are the same for all, so they are not copied."""
        return ChainMap(d, self.globals) if d else self.globals


def install(app: Flask) -> None:
    """Before anything asks for the environment. Every template stays compiled: there are more of them than Jinja keeps by itself."""
    app.jinja_environment = PortalEnvironment
    app.jinja_options = {**app.jinja_options, "cache_size": -1}


def give(bp: Blueprint, **names: object) -> None:
    """What the templates of a room call, for every page, and for parts that are imported without the page's own names.

    The same for all requests: a value that depends on who asks is a function that finds out when it is called.
    """
    bp.record_once(lambda state: state.app.jinja_env.globals.update(names))
