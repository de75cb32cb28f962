# SPDX-License-Identifier: MIT
#
# Reads JSON and writes it, as services do. Arguments: the file, how often.

import json
import os
import sys

# Python's own allocator would serve most of it.
if sys.flags.ignore_environment or os.environ.get("PYTHONMALLOC") != "malloc":
    sys.exit("PYTHONMALLOC=malloc is not set, or not heeded")

path, times = sys.argv[1], int(sys.argv[2])
with open(path, encoding="utf-8") as file:
    text = file.read()
length = 0
for _ in range(times):
    records = json.loads(text)
    for record in records:
        record["tags"] = sorted(record["tags"])
        record["extra"] = {tag: record["name"] + tag for tag in record["tags"]}
    length += len(json.dumps(records, indent=1))
print(length)
