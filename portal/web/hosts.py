"""Which host names are answered, whose word about the caller's address is believed, and how cookies are kept."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost")


def install(app: Flask, settings: Settings) -> None:
    """Set what Flask, Werkzeug and Flask-WTF take from their configuration."""
    secure = served_by_https(settings)
    app.config.update(
        TRUSTED_HOSTS=trusted_hosts(settings),
        MAX_CONTENT_LENGTH=settings.upload_limit_mb * 1024 * 1024,
        SESSION_COOKIE_NAME=cookie_name(settings, "form"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_PATH="/",
        PREFERRED_URL_SCHEME="https" if secure else "http",
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the form's session; a form left open over lunch still works
        WTF_CSRF_SSL_STRICT=secure,
    )
    if settings.proxies > 0:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]


def trusted_hosts(settings: Settings) -> list[str]:
    """The host names that are answered."""
    named = [name.strip() for name in settings.trusted_hosts.split(",") if name.strip()]
    return named or sorted({urlsplit(settings.base_url).hostname or "localhost", *LOOPBACK})


def served_by_https(settings: Settings) -> bool:
    """Whether readers reach the portal by https."""
    return settings.base_url.startswith("https://")


def cookie_name(settings: Settings, purpose: str) -> str:
    """A cookie's name; under https with the prefix that binds it to exactly this host."""
    return f"__Host-juyuan_{purpose}" if served_by_https(settings) else f"juyuan_{purpose}"
