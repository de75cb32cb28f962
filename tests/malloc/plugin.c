/* SPDX-License-Identifier: MIT
 *
 * A program that loads a plug-in with RTLD_DEEPBIND, by name, from its RUNPATH; each frees what the
 * other allocates. Built with PLUGIN: the plug-in. Argument: whether both must have the "same"
 * malloc(), or "other" ones. */
#include <string.h>

#include "expect.h"

typedef void *Malloc(size_t size);

Malloc *plugin_malloc(void);
char *plugin_make(void);
void plugin_destroy(char *text);

#ifdef PLUGIN

Malloc *plugin_malloc(void)
{
    return malloc;
}

char *plugin_make(void)
{
    return strdup("made by a plug-in");
}

void plugin_destroy(char *text)
{
    free(text);
}

#else
#include <dlfcn.h>

static void *find(void *from, const char *name)
{
    void *found = dlsym(from, name);

    EXPECT(found != NULL);
    return found;
}

int main(int argc, char **argv)
{
    static void *modes[2];
    union {
        void *address;
        __typeof__(plugin_malloc) *get_malloc;
        __typeof__(plugin_make) *make;
        __typeof__(plugin_destroy) *destroy;
        Malloc *malloc;
    } function;

    modes[0] = dlopen("libplugin.so", RTLD_NOW | RTLD_DEEPBIND);
    modes[1] = dlmopen(LM_ID_BASE, "libplugin.so", RTLD_NOW | RTLD_DEEPBIND);
    EXPECT(modes[0] != NULL && modes[0] == modes[1]);
    EXPECT(dlopen("libno-such-plugin.so", RTLD_NOW | RTLD_DEEPBIND) == NULL && dlerror() != NULL);
    function.address = find(modes[0], "plugin_malloc");
    function.malloc = function.get_malloc();
    if (argc > 1 && strcmp(argv[1], "other") == 0) {
        EXPECT(function.address != find(RTLD_DEFAULT, "malloc"));
        return EXIT_SUCCESS;
    }
    EXPECT(function.address == find(RTLD_DEFAULT, "malloc"));
    function.address = find(modes[0], "plugin_make");
    free(function.make());
    function.address = find(modes[0], "plugin_destroy");
    function.destroy(strdup("made by the program"));
    EXPECT(dlclose(modes[0]) == 0 && dlclose(modes[1]) == 0);
    return EXIT_SUCCESS;
}
#endif
