#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the manual pages against the header and with two linters.
#
#   - Every public function of mem.h has a page, or an alias of the page that names it; its
#     prototype is in the SYNOPSIS there, and each errno that mem.h gives it is in ERRORS, which
#     has no others and is in alphabetical order.
#   - Every structure, function type and constant of mem.h is in a page.
#   - Sections are in the order of man-pages(7), and references lead to pages that exist.
#   - The members of the JSON object are those that the example of Mem_Dump(3) shows.
#   - local.mk lists every page, so that all are distributed and installed.
#   - man with groff's warnings, and mandoc's linter, have nothing to say.
#
# Exits with 0 if so, 1 if not, and 77 if all is well but a linter is missing.

set -u
LC_ALL=C
export LC_ALL

top=${top_srcdir:-${srcdir:-$(dirname "$0")/..}}
header=$top/include/mem.h
status=0

awk '
function fail(text)
{
    print text
    bad = 1
}

# Text without roff escapes, macro names, quotes and blanks, to compare and search.
function squeeze(text)
{
    sub(/^\.[A-Z]+ /, "", text)
    gsub(/\\f[A-Z]/, "", text)
    gsub(/\\-/, "-", text)
    gsub(/\\[ %&]/, "", text)
    gsub(/["\t ]/, "", text)
    return text
}

# Collects in errnos[name] the errnos that a comment names.
function note_errnos(name, text,    word, n, i)
{
    n = split(text, word, /[^A-Z0-9_]+/)
    for (i = 1; i <= n; i++)
        if (word[i] ~ /^E[A-Z0-9]+$/)
            errnos[name] = errnos[name] " " word[i]
}

# Collects a declaration of the header, whose comment is in remark.
function note_declaration(text,    name)
{
    sub(/MEM_ATTR_[A-Z]*/, "", text)
    text = squeeze(text)
    if (text ~ /^typedefenum/) {
        sub(/^[^{]*\{/, "", text)
        sub(/\}.*/, "", text)
        enums = enums "," text
    } else if (text ~ /^typedefstruct[^{]*;$/) {
        return                              # opaque
    } else if (text ~ /^typedef/) {
        types[text] = 1
    } else {
        match(text, /Mem_[A-Za-z]+\(/)
        name = substr(text, RSTART, RLENGTH - 1)
        prototype[name] = text
        functions++
        note_errnos(name, remark)
        if (remark ~ /As their namesakes/)
            twin[name] = "Mem_" substr(name, length("Mem_Region") + 1)
        else if (match(remark, /Returns as Mem_[A-Za-z]+/))
            twin[name] = substr(remark, RSTART + 11, RLENGTH - 11)
    }
}

function read_header(line,    start)
{
    if (line ~ /^\/\*/)
        remark = ""
    if (!in_comment && line ~ /^ *$/ && declaration == "") {
        remark = ""
        return
    }
    if (in_comment || line ~ /^\/\*/) {
        remark = remark " " line
        in_comment = line !~ /\*\//
        return
    }
    gsub(/\/\*.*\*\//, "", line)
    if ((start = index(line, "/*")) > 0) {  # goes on in the next line
        line = substr(line, 1, start - 1)
        in_comment = 1
    }
    if (line ~ /^#define MEM_[A-Z_]+ / && line !~ /^#define MEM_ATTR_/) {
        split(line, part, " ")
        constants[part[2]] = 1
    }
    if (line ~ /^(#|extern|}$)/)
        return
    declaration = declaration line
    if (line ~ /;[ \t]*$/ && (declaration !~ /\{/ || line ~ /^\}/)) {
        note_declaration(declaration)
        declaration = ""
    }
}

function start_page(file)
{
    page = file
    sub(/.*\//, "", page)
    section = tag = last_errno = ""
    rank = 0
    if ($0 ~ /^\.so /) {
        alias[page] = $2
        sub(/^man3\//, "", alias[page])
        if ($2 != "man3/" alias[page])
            fail(page ": the alias is not of the form .so man3/page")
    } else {
        pages[page] = 1
    }
}

function start_section(name)
{
    section = name
    sections[page] = sections[page] "|" name "|"
    if (!(name in order))
        fail(page ": unknown section " name)
    else if (order[name] <= rank)
        fail(page ": section " name " is out of order")
    rank = order[name]
}

function read_page(line,    flat, name, n, i)
{
    if (line ~ /^\.SH /) {
        name = substr(line, 5)
        gsub(/"/, "", name)
        start_section(name)
        return
    }
    if (line ~ /^\.\\" OUTPUT (BEGIN|END)/)
        in_output = line ~ /BEGIN/
    if (line ~ /^\.\\" SRC (BEGIN|END)/)
        in_program = line ~ /BEGIN/
    if (line ~ /^[.\047]\\"/)
        return
    flat = squeeze(line)
    text[page] = text[page] " " flat
    while (!in_program && match(flat, /(Mem_[A-Za-z]+|libmem(-malloc)?|memrun|memreplay|mem-trace|mem\.hpp)\([1357]\)/)) {
        name = substr(flat, RSTART, RLENGTH)
        sub(/\(/, ".", name)
        sub(/\)/, "", name)
        reference[name] = page
        flat = substr(flat, RSTART + RLENGTH)
    }
    if (section == "NAME" && line !~ /^\./ && !(page in named)) {
        heading = heading squeeze(line)
        if (line ~ /\\-/) {
            sub(/-.*/, "", heading)
            named[page] = heading
            heading = ""
        }
    }
    if (section == "SYNOPSIS")
        synopsis[page] = synopsis[page] squeeze(line)
    if (section == "ERRORS") {
        if (tag == ".TP" && line ~ /^\.B E[A-Z0-9]+$/) {
            name = substr(line, 4)
            if (name < last_errno)
                fail(page ": " name " is out of order in ERRORS")
            last_errno = name
            listed[page] = listed[page] " " name " "
        }
        tag = line
    }
    if (page == "Mem_Dump.3") {
        if (line ~ /\t(number|string|array|boolean)\t/) {
            sub(/\t.*/, "", line)
            described[line] = 1
        }
        if (in_output)
            while (match(line, /"[a-z_]+":/)) {
                shown[substr(line, RSTART + 1, RLENGTH - 3)] = 1
                line = substr(line, RSTART + RLENGTH)
            }
    }
}

function check_function(name,    file, wanted, word, n, i)
{
    file = name ".3"
    if (file in alias)
        file = alias[file]
    if (!(file in pages)) {
        fail(name ": no page")
        return
    }
    if (index("," named[file] ",", "," name ",") == 0)
        fail(name ": not in NAME of " file)
    if (index(synopsis[file], prototype[name]) == 0)
        fail(name ": not in SYNOPSIS of " file " as it is in mem.h")
    wanted = errnos[name]
    if (name in twin)
        wanted = wanted " " errnos[twin[name]]
    n = split(wanted, word, " ")
    for (i = 1; i <= n; i++) {
        if (index(listed[file], " " word[i] " ") == 0)
            fail(name ": " word[i] " is not in ERRORS of " file)
        allowed[file, word[i]] = 1
    }
}

function check_page(file,    name, word, n, i)
{
    if (file ~ /\.3$/) {
        n = split("LIBRARY SYNOPSIS DESCRIPTION ERRORS ATTRIBUTES HISTORY EXAMPLES", word, " ")
        for (i = 1; i <= n; i++)
            if (index(sections[file], "|" word[i] "|") == 0)
                fail(file ": no section " word[i])
        n = split(named[file], word, ",")
        for (i = 1; i <= n; i++)
            if (!(word[i] in prototype) && word[i] != "mem.hpp")
                fail(file ": " word[i] " is not in mem.h")
    }
    n = split(listed[file], word, " ")
    for (i = 1; i <= n; i++)
        if (!((file, word[i]) in allowed))
            fail(file ": " word[i] " is in ERRORS, but not in mem.h")
}

function check_constant(name,    file)
{
    for (file in pages)
        if ((text[file] " ") ~ ("[^A-Z_]" name "[^A-Z_]"))
            return
    fail(name ": in no page")
}

function check_type(type,    file)
{
    for (file in pages)
        if (index(synopsis[file], type) > 0)
            return
    fail(type ": in no SYNOPSIS as it is in mem.h")
}

BEGIN {
    n = split("NAME|LIBRARY|SYNOPSIS|DESCRIPTION|OPTIONS|EXIT STATUS|RETURN VALUE|ERRORS|ENVIRONMENT|FILES|" \
              "ATTRIBUTES|VERSIONS|STANDARDS|HISTORY|NOTES|CAVEATS|BUGS|EXAMPLES|SEE ALSO",
              word, "|")
    for (i = 1; i <= n; i++)
        order[word[i]] = i
}

FNR == 1 { source++ }
source == 1 { read_header($0); next }
FNR == 1 { start_page(FILENAME) }
page in pages { read_page($0) }

END {
    for (file in synopsis)
        gsub(/\/\*[^*]*\*\//, "", synopsis[file])
    n = split(enums, word, ",")
    for (i = 1; i <= n; i++) {
        sub(/=.*/, "", word[i])
        if (word[i] != "")
            constants[word[i]] = 1
    }
    for (name in prototype)
        check_function(name)
    for (file in pages)
        check_page(file)
    for (name in constants)
        check_constant(name)
    for (type in types)
        check_type(type)
    for (name in reference)
        if (!(name in pages) && !(name in alias))
            fail(reference[name] ": refers to " name ", which does not exist")
    for (name in described)
        if (!(name in shown))
            fail("Mem_Dump.3: the example does not show the member " name)
    for (name in shown)
        if (!(name in described))
            fail("Mem_Dump.3: the member " name " is not described")
    if (functions == 0)
        fail("no function was found in mem.h")
    printf "%d functions\n", functions
    exit bad
}' "$header" "$top"/man/*.[1357] || status=1

# All pages are in local.mk, and no others.
there=$(cd "$top" && printf '%s\n' man/*.[1357] | sort)
listed=$(awk '$1 ~ /^man\// { print $1 }' "$top/man/local.mk" | sort)
if [ "$there" != "$listed" ]; then
    echo "local.mk does not list the pages that there are:"
    printf '%s\n' "$there" "$listed" | sort | uniq -u
    status=1
fi

missing=
command -v mandoc >/dev/null 2>&1 || missing="$missing mandoc"
{ man --help | grep -q -e --warnings; } 2>/dev/null || missing="$missing man-db"

for page in "$top"/man/*.[1357]; do
    read -r first <"$page"
    case $first in
    .so*) continue ;;
    esac
    case $missing in
    *man-db*) ;;
    *)
        said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
            man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null) || status=1
        test -z "$said" || { echo "man: $page: $said"; status=1; }
        ;;
    esac
    case $missing in
    *mandoc*) ;;
    *)
        said=$(mandoc -T lint -W warning "$page" 2>&1) || status=1
        test -z "$said" || { echo "$said"; status=1; }
        ;;
    esac
done

test $status -eq 0 || exit 1
test -z "$missing" || { echo "not run, as the tools are missing:$missing"; exit 77; }
