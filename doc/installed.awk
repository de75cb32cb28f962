# SPDX-License-Identifier: MIT
#
# Prints a document that is installed. Of a link to a file that is not installed, the text alone is left. Runs in the
# directory where the documents are: awk -f installed.awk FILE

function is_there(target,    path, line, answer)
{
    sub(/#.*/, "", target)
    path = directory target
    answer = (getline line <path) >= 0
    close(path)
    return answer
}

BEGIN { link = "\\[[^][]*\\]\\([^()]*\\)" }

FNR == 1 {
    directory = FILENAME
    sub(/[^\/]*$/, "", directory)
}

/^```/ { listing = !listing }

listing { print; next }

{
    done = ""
    rest = $0
    while (match(rest, link)) {
        found = substr(rest, RSTART, RLENGTH)
        split(substr(found, 2, length(found) - 2), part, /\]\(/)
        keeps = part[2] ~ /^(#|[a-z]+:)/ || is_there(part[2])
        done = done substr(rest, 1, RSTART - 1) (keeps ? found : part[1])
        rest = substr(rest, RSTART + RLENGTH)
    }
    print done rest
}
