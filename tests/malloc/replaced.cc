// SPDX-License-Identifier: MIT
//
// Which of C++'s operators new and delete call which, if a program defines some of them. Built
// without GROUP: a program that calls each form and prints the called operators, one line for each.
// Built with GROUP: the operators of some groups, which report their calls, and verify that they
// free their own blocks. Built with GROUP and ALL: both. The right output is that without the
// module: the C++ library does what the standard says.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

extern "C" void tell(const char *name);
extern "C" void *take(std::size_t size, std::size_t alignment, char mark);
extern "C" void give(void *block, char mark);

#if !defined GROUP || defined ALL

// A mark precedes each block.
void *take(std::size_t size, std::size_t alignment, char mark)
{
    std::size_t whole = (size + 2 * alignment - 1) & ~(alignment - 1);
    char *start = static_cast<char *>(alignment > 16 ? std::aligned_alloc(alignment, whole) : std::malloc(whole));

    if (start == nullptr) {
        throw std::bad_alloc();
    }
    std::memset(start, mark, 16);
    std::memset(start + alignment - 1, int(alignment), 1);
    return start + alignment;
}

void give(void *block, char mark)
{
    char *bytes = static_cast<char *>(block);

    if (bytes == nullptr) {
        return;
    }
    std::size_t alignment = static_cast<unsigned char>(bytes[-1]);
    if ((alignment != 16 && alignment != 64) || bytes[-std::ptrdiff_t(alignment)] != mark) {
        std::printf("a foreign block is freed as %c\n", mark);
        std::exit(EXIT_FAILURE);
    }
    std::free(bytes - alignment);
}

namespace {

bool is_failing; // where C++ libraries differ in what they allocate for an exception

} // namespace

void tell(const char *name)
{
    if (!is_failing || std::strncmp(name, "new", 3) == 0) {
        std::printf(" %s", name);
    }
}

namespace {

void *volatile sink; // keeps compilers from leaving out an unused allocation
volatile std::size_t too_much = PTRDIFF_MAX;
constexpr std::align_val_t wide{64};

template <typename New, typename Delete> void form(const char *name, New make, Delete destroy)
{
    std::printf("%s:", name);
    sink = make(100);
    std::memset(sink, 'x', 100);
    std::printf(" -");
    destroy(sink);
    std::printf("\n");
}

template <typename New> void fails(const char *name, New make)
{
    std::printf("%s of too much:", name);
    is_failing = true;
    try {
        sink = make(too_much);
        std::printf(" %s\n", sink == nullptr ? "null" : "a block");
    } catch (const std::bad_alloc &) {
        std::printf(" throws\n");
    }
    is_failing = false;
}

} // namespace

int main()
{
    using std::nothrow;
    using std::size_t;

    std::setvbuf(stdout, nullptr, _IONBF, 0);
    form("one", [](size_t n) { return ::operator new(n); }, [](void *p) { ::operator delete(p); });
    form("sized", [](size_t n) { return ::operator new(n); }, [](void *p) { ::operator delete(p, size_t(100)); });
    form("nothrow", [](size_t n) { return ::operator new(n, nothrow); }, [](void *p) { ::operator delete(p, nothrow); });
    form("nothrow, sized", [](size_t n) { return ::operator new(n, nothrow); },
         [](void *p) { ::operator delete(p, size_t(100)); });
    form("array", [](size_t n) { return ::operator new[](n); }, [](void *p) { ::operator delete[](p); });
    form("sized array", [](size_t n) { return ::operator new[](n); }, [](void *p) { ::operator delete[](p, size_t(100)); });
    form("nothrow array", [](size_t n) { return ::operator new[](n, nothrow); },
         [](void *p) { ::operator delete[](p, nothrow); });
    form("aligned", [](size_t n) { return ::operator new(n, wide); }, [](void *p) { ::operator delete(p, wide); });
    form("aligned, sized", [](size_t n) { return ::operator new(n, wide); },
         [](void *p) { ::operator delete(p, size_t(100), wide); });
    form("aligned nothrow", [](size_t n) { return ::operator new(n, wide, nothrow); },
         [](void *p) { ::operator delete(p, wide, nothrow); });
    form("aligned array", [](size_t n) { return ::operator new[](n, wide); },
         [](void *p) { ::operator delete[](p, wide); });
    form("aligned array, sized", [](size_t n) { return ::operator new[](n, wide); },
         [](void *p) { ::operator delete[](p, size_t(100), wide); });
    form("aligned array nothrow", [](size_t n) { return ::operator new[](n, wide, nothrow); },
         [](void *p) { ::operator delete[](p, wide, nothrow); });
    fails("one", [](size_t n) { return ::operator new(n); });
    fails("nothrow", [](size_t n) { return ::operator new(n, nothrow); });
    fails("array nothrow", [](size_t n) { return ::operator new[](n, nothrow); });
    fails("aligned nothrow", [](size_t n) { return ::operator new(n, wide, nothrow); });
    fails("aligned array nothrow", [](size_t n) { return ::operator new[](n, wide, nothrow); });
    std::printf("end\n");
    return EXIT_SUCCESS;
}

#endif

#ifdef GROUP
#if GROUP & 1
void *operator new(std::size_t size)
{
    tell("new");
    return take(size, 16, 'o');
}

void operator delete(void *p) noexcept
{
    tell("delete");
    give(p, 'o');
}
#endif
#if GROUP & 2
void *operator new[](std::size_t size)
{
    tell("new[]");
    return take(size, 16, 'a');
}

void operator delete[](void *p) noexcept
{
    tell("delete[]");
    give(p, 'a');
}
#endif
#if GROUP & 4
void *operator new(std::size_t size, std::align_val_t)
{
    tell("new aligned");
    return take(size, 64, 'O');
}

void operator delete(void *p, std::align_val_t) noexcept
{
    tell("delete aligned");
    give(p, 'O');
}
#endif
#if GROUP & 8
void *operator new[](std::size_t size, std::align_val_t)
{
    tell("new[] aligned");
    return take(size, 64, 'A');
}

void operator delete[](void *p, std::align_val_t) noexcept
{
    tell("delete[] aligned");
    give(p, 'A');
}
#endif
#if GROUP & 16
void operator delete(void *p, std::size_t) noexcept
{
    tell("delete sized");
    ::operator delete(p);
}

void operator delete[](void *p, std::size_t) noexcept
{
    tell("delete[] sized");
    ::operator delete[](p);
}
#endif
#if GROUP & 32
void *operator new(std::size_t size, const std::nothrow_t &) noexcept
{
    tell("new nothrow");
    try {
        return ::operator new(size);
    } catch (...) {
        return nullptr;
    }
}

void operator delete(void *p, const std::nothrow_t &) noexcept
{
    tell("delete nothrow");
    ::operator delete(p);
}
#endif
#if GROUP & 64 // malloc() and free(), which the C++ library calls
extern "C" void *__libc_malloc(std::size_t size);
extern "C" void __libc_free(void *p);

extern "C" void *malloc(std::size_t size)
{
    static bool busy;
    bool first = !busy;

    busy = true;
    if (first && size < 1000) {
        tell("malloc");
    }
    busy = !first;
    return __libc_malloc(size);
}

extern "C" void free(void *p)
{
    if (p != nullptr) {
        tell("free");
    }
    __libc_free(p);
}
#endif
#endif
