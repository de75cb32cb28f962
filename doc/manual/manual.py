# SPDX-License-Identifier: MIT
"""Makes the manual as HTML. Run by "make html":

    manual.py --source=DIRECTORY --output=DIRECTORY --version=VERSION --mandoc=COMMAND --cmark=COMMAND FILE...

Each FILE, relative to the source directory, is a manual page, a document in Markdown, a header, or a text; it becomes a
page. A manual page that is just another name of one (".so") becomes a name of that. Nothing else is read, except for
pictures, and the colours in replay/page/palette.css. The same files give the same output."""

import argparse
import html
import json
import os
import re
import shutil
import sys

import convert
from convert import Failure
from links import Links
from outline import OUTLINE, place


class Page:
    def __init__(self, source, tools):
        where = place(source)
        if where is None:
            raise Failure(f"{source}: outline.py has no place for it")
        self.source = source
        self.order = where[:2]
        self.heading, self.label, self.about = where[2:]
        self.section = None     # of a manual page: "3"
        self.names = []         # of a manual page: what NAME lists
        self.file = self.file_name()
        self.body = self.convert(os.path.join(tools.source, source), tools)
        title = re.search(r"<h1>(.*?)</h1>", self.body, flags=re.S)
        if not title:
            raise Failure(f"{source}: no title")
        self.title = convert.plain(title[1])
        self.label = self.label or self.title

    def file_name(self):
        directory, base = os.path.split(self.source)
        if base == "README.md" and directory:
            return f"{directory}.html"
        return f"{base[:-3] if base.endswith('.md') else base}.html"

    def convert(self, path, tools):
        base = os.path.basename(path)
        if re.search(r"\.[1357]$", base):
            self.section = base[-1]
            body, self.names, self.about = convert.page_of_man(path, tools.mandoc)
            return body
        if base.endswith(".md"):
            return convert.page_of_markdown(path, tools.cmark)
        if self.source.startswith("include/"):
            return convert.page_of_header(path, base)
        return convert.page_of_text(path, self.label or base)


def is_alias(path):
    """A manual page that is just another name of one."""
    return bool(re.search(r"\.[1357]$", path)) and convert.read(path).startswith(".so ")


def link_all(pages):
    """Makes the links of all pages. Returns the pictures that they show."""
    links = Links(pages)
    pictures = set()
    for page in pages:
        if page.source.startswith("include/"):
            page.body = links.declared(page.body)
            continue
        page.body, more = links.relative(page.body, page)
        page.body = links.include(links.named(links.listed(page.body, page), page))
        pictures |= more
    return pictures


def headings(body):
    return [(match[1], match[2], convert.plain(match[3]))
            for match in re.finditer(r'<h([1-6])[^>]*? id="([^"]*)"[^>]*>(.*?)</h\1>', body, flags=re.S)]


def on_this_page(page):
    """The list of a page's sections, if there are enough of them."""
    found = [heading for heading in headings(page.body) if heading[0] in "12"]
    if len(found) < 4:
        return ""
    items = "".join(f'<li class="level{level}"><a href="#{anchor}">{html.escape(text)}</a></li>' for level, anchor, text in found)
    return f'<details class="sections"><summary>On this page</summary><ul>{items}</ul></details>'


def navigation(pages, here):
    """The list of all pages."""
    parts = []
    for heading, _ in OUTLINE:
        items = [f'<li><a href="{page.file}"{" aria-current=page" if page is here else ""}>{html.escape(page.label)}</a></li>'
                 for page in pages if page.heading == heading]
        if items:
            parts.append(f"<h2>{heading}</h2><ul>{''.join(items)}</ul>")
    return "".join(parts)


def titles(page):
    """Links to a page; of functions, one to each."""
    if page.section != "3":
        return f'<a href="{page.file}">{html.escape(page.label)}</a>'
    parts = {name: f"#{name}()" if f'id="{name}()"' in page.body else "" for name in page.names}
    parts[page.names[0]] = ""
    return ", ".join(f'<a href="{page.file}{part}">{name}</a>' for name, part in parts.items())


def contents(pages):
    """The first page: every page with a line about it, and every function."""
    parts = ["<h1>The manual of libmem</h1>",
             "<p>libmem is a heap that lives in one fixed region of memory.</p>",
             '<p class="hint" hidden>Press <kbd>/</kbd> to search: for a function, an option, an error, a word.</p>']
    for heading, _ in OUTLINE:
        items = []
        for page in pages:
            if page.heading != heading:
                continue
            about = f"<dd>{html.escape(page.about)}</dd>" if page.about else ""
            items.append(f"<dt>{titles(page)}</dt>{about}")
        if items:
            parts.append(f"<h2>{heading}</h2><dl class=\"contents\">{''.join(items)}</dl>")
    return "\n".join(parts)


def search_index(pages):
    """What search.js looks through: pages, and their sections with the text of each."""
    listed, sections = [], []
    for number, page in enumerate(pages):
        listed.append([page.file, page.title, page.label, page.names])
        pieces = re.split(r"(?=<h[123]\b[^>]* id=|<span class=\"declared\")", page.body)
        for piece in pieces:
            found = re.match(r'<(h[123]|span)[^>]* id="([^"]*)"[^>]*>(.*?)</\1>', piece, flags=re.S)
            anchor = html.unescape(found[2]) if found else ""
            heading = (convert.plain(found[3]) or anchor) if found else ""
            text = convert.plain(piece[found.end():] if found else re.sub(r"<h1>.*?</h1>", "", piece)) or page.about or ""
            sections.append([number, anchor, heading, text])
    data = json.dumps({"pages": listed, "sections": sections}, ensure_ascii=False, separators=(",", ":"))
    return f"Search.take({data});\n"


def write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def make(tools):
    here = os.path.dirname(os.path.abspath(__file__))
    frame = convert.read(os.path.join(here, "page.html"))
    sources = [path for path in tools.files if not is_alias(os.path.join(tools.source, path))]
    pages = sorted((Page(source, tools) for source in sources), key=lambda page: (page.order, os.path.splitext(page.source)))
    pictures = link_all(pages)

    os.makedirs(os.path.join(tools.output, "pictures"), exist_ok=True)

    def put(file, title, body, page):
        parts = {"TITLE": html.escape(title), "VERSION": tools.version, "BODY": body, "NAVIGATION": navigation(pages, page),
                 "SECTIONS": on_this_page(page) if page else "", "SOURCE": page.source if page else ""}
        write(tools.output, file, re.sub(r"@([A-Z]+)@", lambda match: parts[match[1]], frame))

    put("index.html", "The manual of libmem", contents(pages), None)
    for page in pages:
        put(page.file, f"{page.title} – libmem", page.body, page)
    write(tools.output, "search-index.js", search_index(pages))
    shutil.copyfile(os.path.join(here, "search.js"), os.path.join(tools.output, "search.js"))
    palette = convert.read(os.path.join(tools.source, "replay/page/palette.css"))
    write(tools.output, "manual.css", palette + convert.read(os.path.join(here, "manual.css")))
    for picture in sorted(pictures):
        shutil.copyfile(os.path.join(tools.source, picture), os.path.join(tools.output, "pictures", os.path.basename(picture)))


def main():
    parser = argparse.ArgumentParser()
    for option in ("source", "output", "version", "mandoc", "cmark"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("files", nargs="+")
    try:
        make(parser.parse_args())
    except (Failure, OSError) as error:
        sys.exit(f"manual.py: {error}")


main()
