# SPDX-License-Identifier: MIT
"""Makes references of the sources links between the pages."""

import html
import os
import re

from convert import Failure

# Where a reference is left alone: in a link, in a listing.
APART = re.compile(r"(<a\b.*?</a>|<pre\b.*?</pre>)", re.S)

# Mem_Free(3), in bold or not; Mem_Free and Mem_Free() as code; "man libmem" as code.
REFERENCE = re.compile(r"<(?P<tag>b|i)>(?P<bold>[\w.-]+)</(?P=tag)>\((?P<bold_section>[1357])\)"
                       r"|(?<![\w.-])(?P<name>[A-Za-z][\w.-]*)\((?P<section>[1357])\)"
                       r"|<code>(?P<code>Mem_[A-Z]\w+)(\(\))?</code>"
                       r"|<code>man (?P<man>[\w.-]+)</code>")


class Links:
    def __init__(self, pages):
        self.by_source = {page.source: page for page in pages}
        self.by_name = {(name, page.section): page for page in pages for name in page.names}

    def to_name(self, name, section, here):
        """The link to the description of a name, or None: it is no page of the manual, or the one the reader sees."""
        sections = [section] if section else ["7", "1", "3", "5"]
        page = next((self.by_name[name, key] for key in sections if (name, key) in self.by_name), None)
        if page is None:
            return None
        part = f"{name}()"
        if f'id="{part}"' in page.body and name != page.names[0]:
            return ("" if page is here else page.file) + f"#{part}"
        return None if page is here else page.file

    def named(self, body, here):
        """Links the names of pages and functions."""

        def link(match):
            name = match["bold"] or match["name"] or match["code"] or match["man"]
            section = match["bold_section"] or match["section"] or ("3" if match["code"] else None)
            target = self.to_name(name, section, here)
            return f'<a href="{html.escape(target)}">{match[0]}</a>' if target else match[0]

        pieces = APART.split(body)
        pieces[::2] = [REFERENCE.sub(link, piece) for piece in pieces[::2]]
        return "".join(pieces)

    def include(self, body):
        """Links the headers that a SYNOPSIS includes."""

        def link(match):
            page = self.by_source.get(f"include/{match[1]}")
            return f'#include <a href="{page.file}">&lt;{match[1]}&gt;</a>' if page else match[0]

        start, synopsis, end = body.partition('id="SYNOPSIS"')
        if not synopsis:
            return body
        end, rest, last = end.partition("</section>")
        return start + synopsis + re.sub(r"#include &lt;([\w.]+)&gt;", link, end) + rest + last

    def declared(self, body):
        """Links functions in a header to their pages, where they are declared."""

        def link(match):
            page = self.by_name.get((match[2], "3"))
            return f'{match[1]}<a href="{page.file}">{match[2]}</a>(' if page else match[0]

        return re.sub(r"^((?:<span[^>]*></span>)*(?![ #/]|typedef)[^\n(]*?)\b(Mem_[A-Z]\w+)\(", link, body, flags=re.M)

    def relative(self, body, here):
        """Turns links to files of the source tree into links to pages: where the file is the text, the page's name becomes
        the text. Collects the pictures that are needed."""
        pictures = set()

        def path(target):
            return os.path.normpath(os.path.join(os.path.dirname(here.source), target))

        def link(match):
            target, _, anchor = html.unescape(match[1]).partition("#")
            if re.match(r"[a-z]+:", match[1]) or not target:
                return match[0]
            page = self.by_source.get(path(target))
            if page is None:
                raise Failure(f"{here.source}: {target} is not in the manual")
            text = page.label if re.search(r"/\w|\.md$", match[2]) and page.source.endswith(match[2]) else match[2]
            return f'<a href="{page.file}{"#" + anchor if anchor else ""}">{text}</a>'

        def picture(match):
            pictures.add(path(match[1]))
            return f'src="pictures/{os.path.basename(match[1])}" loading="lazy"'

        body = re.sub(r'<a href="([^"]*)">(.*?)</a>', link, body, flags=re.S)
        return re.sub(r'\bsrc="([^"]*)"', picture, body), pictures

    def listed(self, body, here):
        """Links code that names another source beside this one, such as an example in a list of examples."""

        def link(match):
            page = self.by_source.get(os.path.join(os.path.dirname(here.source), match[1]))
            return f'<a href="{page.file}">{match[0]}</a>' if page and page is not here else match[0]

        pieces = APART.split(body)
        pieces[::2] = [re.sub(r"<code>([\w.-]+\.\w+)</code>", link, piece) for piece in pieces[::2]]
        return "".join(pieces)
