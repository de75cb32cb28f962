/* SPDX-License-Identifier: MIT */
#include "replay/human.h"

#include <inttypes.h>
#include <stdio.h>

/* Three digits that count. */
static Human digits(double number, const char *unit)
{
    Human human;

    snprintf(human.text, sizeof human.text, "%.*f %s",
             number < 9.995   ? 2
             : number < 99.95 ? 1
                              : 0,
             number, unit);
    return human;
}

Human human_bytes(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double number = (double)bytes;
    Human human;
    int unit = 0;

    if (bytes < 1000) {
        snprintf(human.text, sizeof human.text, "%" PRIu64 " B", bytes);
        return human;
    }
    for (; number >= 999.5 && unit < 6; unit++) {
        number /= 1024;
    }
    return digits(number, units[unit]);
}

Human human_count(uint64_t count)
{
    char plain[24];
    Human human;
    char *to = human.text;
    int length = snprintf(plain, sizeof plain, "%" PRIu64, count);

    for (int i = 0; i < length; i++) {
        if (i != 0 && (length - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = plain[i];
    }
    *to = '\0';
    return human;
}

Human human_ns(uint64_t ns)
{
    static const struct {
        const char *name;
        double ns, most; /* of one; and up to so many ns it is used */
    } units[] = {
        {"us", 1e3, 999.5e3}, {"ms", 1e6, 999.5e6}, {"s", 1e9, 120e9}, {"min", 60e9, 1e99}};
    double number = (double)ns;
    Human human;
    int unit = 0;

    if (ns < 1000) {
        snprintf(human.text, sizeof human.text, "%" PRIu64 " ns", ns);
        return human;
    }
    while (number >= units[unit].most) {
        unit++;
    }
    return digits(number / units[unit].ns, units[unit].name);
}

Human human_time(uint64_t us)
{
    Human human;

    if (us < 1000) {
        snprintf(human.text, sizeof human.text, "%" PRIu64 " us", us);
        return human;
    }
    return human_ns(us > UINT64_MAX / 1000 ? UINT64_MAX : us * 1000);
}

Human human_share(uint64_t part, uint64_t whole)
{
    Human human;

    snprintf(human.text, sizeof human.text, "%.1f %%",
             whole == 0 ? 0 : 100 * (double)part / (double)whole);
    return human;
}
