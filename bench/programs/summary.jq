# SPDX-License-Identifier: MIT
#
# Groups records, counts their tags, and makes new ones.

group_by(.city)
| map({
    city: .[0].city,
    count: length,
    total: (map(.amounts | add) | add),
    tags: (map(.tags[]) | group_by(.) | map({(.[0]): length}) | add),
    names: (map(.name | ascii_upcase | split(" ") | join("-")) | sort | .[0:20])
  })
| sort_by(-.count)
