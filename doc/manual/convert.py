# SPDX-License-Identifier: MIT
"""Turns the sources of the manual into HTML, without the frame of a page. Links are still as in the source."""

import html
import os
import re
import subprocess


class Failure(Exception):
    """One line for the person who runs "make html"."""


def output(command, path):
    """What a converter prints. A word on stderr is an error, too."""
    try:
        done = subprocess.run(command + [path], capture_output=True, check=False, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0 or done.stderr:
        raise Failure(f"{path}: {command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: {error}") from error


def plain(fragment):
    """The text of a piece of HTML, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", fragment)).split())


def slugs(fragment):
    """Gives each heading but the title the anchor that documents refer to: lower case, hyphens, no punctuation."""
    seen = {}

    def anchor(match):
        if match.start() == fragment.find("<h1>"):
            return match[0]
        slug = re.sub(r"[^\w -]", "", plain(match[2]).lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        slug += f"-{seen[slug]}" if seen[slug] > 0 else ""
        return f'<h{match[1]} id="{slug}"><a class="permalink" href="#{slug}">{match[2]}</a></h{match[1]}>'

    return re.sub(r"<h([1-6])>(.*?)</h\1>", anchor, fragment, flags=re.S)


def bold_heads(fragment):
    """Makes the first row of a table its head if all of it is bold. The formatter of manual pages has no heads."""

    def row(match):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", match[2], flags=re.S)
        if not cells or not all(re.fullmatch(r"\s*(<b>[^<]*</b>)?\s*", cell) for cell in cells):
            return match[0]
        head = match[2].replace("<b>", "").replace("</b>", "").replace("<td", "<th").replace("</td>", "</th>")
        return f"{match[1]}<thead>{head}</thead><tbody>{match[3]}</tbody></table>"

    return re.sub(r"(<table[^>]*>)\s*(<tr>.*?</tr>)(.*?)</table>", row, fragment, flags=re.S)


def scrolled(fragment):
    """Lets a wide table or listing scroll by itself, also with keys. The page stays as wide as the window."""
    fragment = re.sub(r"<table\b.*?</table>", r'<div class="scroll" tabindex="0">\g<0></div>', fragment, flags=re.S)
    return re.sub(r"<pre\b", '<pre tabindex="0"', fragment)


def page_of_man(path, mandoc):
    """A manual page. Returns its HTML, its names, and what NAME says of them."""
    fragment = output([mandoc, "-T", "html", "-O", "fragment"], path)
    fragment = re.sub(r'<table class="(head|foot)">.*?</table>\s*', "", fragment, flags=re.S)
    fragment = re.sub(r"<(/?)h([12])\b", lambda match: f"<{match[1]}h{int(match[2]) + 1}", fragment)
    name = re.search(r'id="NAME".*?<p[^>]*>(.*?)</p>', fragment, flags=re.S)
    if not name:
        raise Failure(f"{path}: no section NAME")
    names, about = plain(name[1]).split(" - ", 1)
    title = os.path.basename(path)
    title = f"{title[:-2]}({title[-1]})"
    return f"<h1>{title}</h1>\n{scrolled(bold_heads(fragment))}", names.split(", "), about


def page_of_markdown(path, cmark):
    fragment = output([cmark, "--unsafe", "-e", "table", "-t", "html"], path)
    return scrolled(slugs(re.sub(r"<!--.*?-->\s*", "", fragment, flags=re.S)))


def page_of_text(path, title):
    return f'<h1>{html.escape(title)}</h1>\n<pre class="source" tabindex="0">{html.escape(read(path))}</pre>'


DECLARED = re.compile(r"^(?!typedef|#|\s)[^\n(]*?\b(\w+)\([^{;]*;|^\} (\w+);$|^typedef [^{;]*?\b(Mem_\w+)[;)]", re.M)


def page_of_header(path, title):
    """A header. Each declaration has an anchor with its name, where its comment begins."""
    paragraphs = []
    for paragraph in re.split(r"\n\n(?=/\*|typedef|#)", read(path)):
        code = re.sub(r"/\*.*?\*/", "", paragraph, flags=re.S)
        names = [next(filter(None, match.groups())) for match in DECLARED.finditer(code)]
        anchors = "".join(f'<span class="declared" id="{name}"></span>' for name in dict.fromkeys(names))
        paragraphs.append(anchors + html.escape(paragraph, quote=False))
    return f'<h1>{html.escape(title)}</h1>\n<pre class="source" tabindex="0">' + "\n\n".join(paragraphs) + "</pre>"
