#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Looks at the files of the manual as HTML: html-links.py DIRECTORY MEM.H

Every link leads to a file and an anchor of the manual, nothing is loaded from elsewhere, no anchor is there twice, each
element ends, and each function of mem.h is in the SYNOPSIS of a page as mem.h declares it. Prints what is wrong, and ends with 1 then."""

import html.parser
import os
import re
import sys
import urllib.parse

VOID = {"br", "col", "hr", "img", "input", "link", "meta"}
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAIL:", text)


class File(html.parser.HTMLParser):
    """What a page defines and refers to; its text by section."""

    def __init__(self, path):
        super().__init__()
        self.name = os.path.basename(path)
        self.anchors, self.links, self.loads, self.open = [], [], [], []
        self.section, self.text = "", {}
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())
        if self.open:
            fail(f"{self.name}: <{self.open[-1]}> does not end")

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.anchors.append(attrs["id"])
            if tag == "h2":
                self.section = attrs["id"]
        if tag == "a" and "href" in attrs:
            self.links.append(attrs["href"])
            if "a" in self.open:
                fail(f"{self.name}: a link in a link, to {attrs['href']}")
        elif "src" in attrs or "href" in attrs:
            self.loads.append(attrs.get("src") or attrs.get("href"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            fail(f"{self.name}: </{tag}> in line {self.getpos()[0]} ends nothing")

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data


def check_links(directory, pages):
    for page in pages.values():
        for anchor in sorted({anchor for anchor in page.anchors if page.anchors.count(anchor) > 1}):
            fail(f"{page.name}: the anchor {anchor} is there more than once")
        for load in page.loads:
            if load != "data:," and not os.path.isfile(os.path.join(directory, load)):
                fail(f"{page.name}: loads {load}")
        for link in page.links:
            if re.match(r"https?:|mailto:", link):
                continue
            file, _, anchor = urllib.parse.unquote(link).partition("#")
            target = pages.get(file or page.name)
            if target is None:
                fail(f"{page.name}: there is no {link}")
            elif anchor and anchor not in target.anchors:
                fail(f"{page.name}: there is no anchor {link}")


def declarations(header):
    """Each function of mem.h: its name, and its prototype without blanks."""
    with open(header, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/|^#.*?(?<!\\)$", "", file.read(), flags=re.S | re.M)
    found = re.finditer(r"^([a-zA-Z][^;{}]*?\b(Mem_\w+)\([^;{}]*\))[^;{}]*;", text, flags=re.M)
    return [(match[2], re.sub(r"\s|MEM_ATTR_\w+", "", match[1]) + ";")
            for match in found if not match[1].startswith("typedef")]


def check_functions(header, pages):
    functions = declarations(header)
    if len(functions) < 30:
        fail(f"{header}: only {len(functions)} functions were found")
    for name, prototype in functions:
        page = next((page for page in pages.values()
                     if re.search(rf"\b{name}\b", page.text.get("NAME", ""))), None)
        if page is None:
            fail(f"{name} has no page")
        elif prototype not in re.sub(r"\s", "", page.text.get("SYNOPSIS", "")):
            fail(f"{page.name}: {prototype} is not in SYNOPSIS")
        if name not in pages["mem.h.html"].anchors:
            fail(f"mem.h.html: {name} has no anchor")
    return len(functions)


def main():
    directory, header = sys.argv[1:]
    pages = {name: File(os.path.join(directory, name)) for name in sorted(os.listdir(directory)) if name.endswith(".html")}
    check_links(directory, pages)
    functions = check_functions(header, pages)
    links = sum(len(page.links) for page in pages.values())
    print(f"{len(pages)} pages, {links} links, {functions} functions, {failures} wrong")
    sys.exit(failures != 0)


main()
