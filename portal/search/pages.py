"""The portal's own pages among what is found: the reader's menu, by its words in either language, their pinyin and initials."""

from __future__ import annotations

from functools import lru_cache

from flask_babel import force_locale, gettext

from portal.actors import Actor
from portal.i18n import LOCALES
from portal.search.find import Group, Hit
from portal.search.words import plain, words_of
from portal.web.navigation import ENTRIES, Entry, Link, href, links


def pages(actor: Actor, text: str) -> Group:
    """The pages of the reader's menu whose words begin with what was typed; all of them where nothing was."""
    start = plain(text).encode()
    menu = {link.href: link for link in links(actor)}
    found = [link for entry in ENTRIES if (link := menu.get(href(entry.endpoint))) and (not start or begins(entry, start))]
    return Group("pages", [_hit(link) for link in found])


def _hit(link: Link) -> Hit:
    return Hit(str(link.label), "", link.href)


def begins(entry: Entry, start: bytes) -> bool:
    """Whether the words of an entry, or some later word of them, begin with what was typed."""
    return any(word.startswith(start) for word in _words(str(entry.label._args[0])))


@lru_cache(maxsize=512)
def _words(label: str) -> frozenset[bytes]:
    """The words of a menu entry in both languages."""
    said = set()
    for locale in LOCALES:
        with force_locale(locale):
            said |= words_of(gettext(label))
    return frozenset(said)
