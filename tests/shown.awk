# SPDX-License-Identifier: MIT
#
# Reads the output that a document shows, or that a program printed, and writes it in a form that can be
# compared. Addresses become distances from the first address; blanks count as one.
#
# -v wrapped=1: lines may be broken anywhere, so blanks and line ends do not count.
# -v exact=0: leaves out the size of the bookkeeping, which depends on the machine.

function number(hex,    n, i)
{
    for (i = 3; i <= length(hex); i++)
        n = 16 * n + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return n
}

{
    line = $0
    out = ""
    while (match(line, /0x[0-9a-f]+/)) {
        address = number(substr(line, RSTART, RLENGTH))
        if (first == "")
            first = address
        out = out substr(line, 1, RSTART - 1) sprintf("<%.0f>", address - first)
        line = substr(line, RSTART + RLENGTH)
    }
    line = out line
    if (!exact)
        gsub(/bookkeeping"?[: ]*[0-9]+/, "bookkeeping", line)
    gsub(/[ \t]+/, wrapped ? "" : " ", line)
    sub(/^ /, "", line)
    sub(/ $/, "", line)
    printf "%s%s", line, wrapped ? "" : "\n"
}

END {
    if (wrapped)
        print ""
}
