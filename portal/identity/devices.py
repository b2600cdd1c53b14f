"""What a browser calls itself, in words that its owner recognises."""

from __future__ import annotations

import re

BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg(?:e|A|iOS)?", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("QQBrowser|MQQBrowser", "QQ Browser"),
    ("Firefox|FxiOS", "Firefox"),
    ("(?:Headless)?Chrome|CriOS", "Chrome"),
    ("Version(?=.*Safari)", "Safari"),
)
"""Marks in their order: many browsers call themselves by others' names as well."""
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS|OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """Browser, its version and the system; empty where none of them is known.

    >>> device_of("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0")
    'Edge 141 · Linux'
    >>> device_of("curl/8")
    ''
    """
    found = ((name, re.search(rf"(?:{mark})/(\d+)", user_agent)) for mark, name in BROWSERS)
    browser = next((f"{name} {match[1]}" for name, match in found if match), "")
    system = next((name for mark, name in SYSTEMS if re.search(mark, user_agent)), "")
    return " · ".join(part for part in (browser, system) if part)
