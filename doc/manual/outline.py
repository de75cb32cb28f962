# SPDX-License-Identifier: MIT
"""Which sources make up the manual, in which order, and what the contents say of them."""

import fnmatch

# A heading, and patterns of sources: the path, the name of the page, and a line about it. A manual page speaks for
# itself, and its name is that of its file.
OUTLINE = [
    ("Start", [
        ("README.md", "First steps", "What libmem is, a program, how to build and install it"),
        ("doc/CHOOSING.md", None, "Is libmem what you need? Which options? Recipes"),
        ("doc/SIZING.md", None, "How large must the region be? Record a program, and replay it"),
        ("doc/QUESTIONS.md", None, "What does this print, cost, return? Each answer with a program"),
    ]),
    ("Overviews", [("man/*.7", None, None)]),
    ("Programs", [("man/*.1", None, None)]),
    ("Functions", [("man/*.3", None, None)]),
    ("Files", [("man/*.5", None, None)]),
    ("Headers", [
        ("include/mem.h", "mem.h", "The interface for C, and the contract of each function"),
        ("include/*", None, "The interface for C++"),
    ]),
    ("Examples", [
        ("examples/README.md", None, "What each example shows, and how to build it"),
        ("examples/*.[ch]*", None, None),
    ]),
    ("Background", [
        ("doc/DESIGN.md", None, "How libmem works, and why"),
        ("doc/BENCHMARKS.md", None, "How fast it is, beside other allocators"),
        ("bench/README.md", None, "How to measure that"),
        ("SECURITY.md", None, "What libmem protects from, and what it does not"),
        ("CONTRIBUTING.md", None, "How to change it"),
        ("tests/README.md", None, "What the tests are"),
        ("NEWS", "News", "What changed"),
        ("COPYING", "Licence", "The MIT licence"),
    ]),
]


def place(path):
    """Where a source stands: the numbers of its group and entry, its heading, name and line. None if nowhere."""
    for group, (heading, entries) in enumerate(OUTLINE):
        for entry, (pattern, name, about) in enumerate(entries):
            if fnmatch.fnmatch(path, pattern):
                return group, entry, heading, name, about
    return None
