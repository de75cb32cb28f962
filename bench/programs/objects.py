# SPDX-License-Identifier: MIT
#
# Objects, dictionaries, lists and strings that come and go. Argument: how many.

import os
import sys

# Python's own allocator would serve most of it.
if sys.flags.ignore_environment or os.environ.get("PYTHONMALLOC") != "malloc":
    sys.exit("PYTHONMALLOC=malloc is not set, or not heeded")


class Account:
    def __init__(self, number, owner):
        self.number = number
        self.owner = owner
        self.entries = []

    def book(self, amount, text):
        self.entries.append((amount, text))

    def balance(self):
        return sum(amount for amount, _ in self.entries)


def bank(count, seed):
    accounts = {}
    state = seed
    for i in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        number = (state >> 33) % (count // 4 + 1)
        account = accounts.get(number)
        if account is None:
            account = accounts[number] = Account(number, "owner %d of %d" % (number, count))
        account.book(state >> 40, "entry %d" % i + "." * (state >> 58))
        if len(account.entries) > 12:
            del accounts[number]
    return sum(account.balance() for account in accounts.values()), len(accounts)


def words(count):
    text = " ".join("%x" % (i * 2654435761 % 2**32) for i in range(count))
    by_end = {}
    for word in text.split():
        by_end.setdefault(word[-2:], []).append(word.upper())
    return sum(len("".join(sorted(group))) for group in by_end.values())


count = int(sys.argv[1])
for turn in range(4):
    print(bank(count, turn), words(count))
