// SPDX-License-Identifier: MIT
//
// All forms of C++'s operators new and delete, checked against the standard. Run it with a small
// heap: LIBMEM_SIZE=32M.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>

namespace {

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);           \
            std::exit(EXIT_FAILURE);                                                               \
        }                                                                                          \
    } while (false)

volatile std::size_t too_much = PTRDIFF_MAX;
volatile std::size_t all = SIZE_MAX;
constexpr std::align_val_t alignment{256};

// Returns whether a block is from this heap and no other, as malloc_usable_size() shows.
bool is_ours(void *block, std::size_t size, std::size_t multiple)
{
    std::memset(block, 'c', size);
    return reinterpret_cast<std::uintptr_t>(block) % multiple == 0 && malloc_usable_size(block) >= size &&
           malloc_usable_size(block) < size + 32;
}

std::size_t in_use()
{
    return mallinfo2().uordblks;
}

void test_forms()
{
    std::size_t before = in_use();

    for (std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(100), std::size_t(1000000)}) {
        void *block;

        EXPECT(is_ours(block = ::operator new(size), size, 16));
        ::operator delete(block);
        EXPECT(is_ours(block = ::operator new[](size), size, 16));
        ::operator delete[](block);
        EXPECT(is_ours(block = ::operator new(size, std::nothrow), size, 16));
        ::operator delete(block, std::nothrow);
        EXPECT(is_ours(block = ::operator new[](size, std::nothrow), size, 16));
        ::operator delete[](block, std::nothrow);
        EXPECT(is_ours(block = ::operator new(size), size, 16));
        ::operator delete(block, size);
        EXPECT(is_ours(block = ::operator new[](size), size, 16));
        ::operator delete[](block, size);
        EXPECT(is_ours(block = ::operator new(size, alignment), size, 256));
        ::operator delete(block, alignment);
        EXPECT(is_ours(block = ::operator new[](size, alignment), size, 256));
        ::operator delete[](block, alignment);
        EXPECT(is_ours(block = ::operator new(size, alignment, std::nothrow), size, 256));
        ::operator delete(block, alignment, std::nothrow);
        EXPECT(is_ours(block = ::operator new[](size, alignment, std::nothrow), size, 256));
        ::operator delete[](block, alignment, std::nothrow);
        EXPECT(is_ours(block = ::operator new(size, alignment), size, 256));
        ::operator delete(block, size, alignment);
        EXPECT(is_ours(block = ::operator new[](size, alignment), size, 256));
        ::operator delete[](block, size, alignment);
    }
    ::operator delete(nullptr);
    ::operator delete[](nullptr);
    EXPECT(in_use() == before);
}

// Keeps compilers from leaving out an allocation whose result is unused.
void *volatile sink;

template <typename Exception, typename Function> bool throws(Function function)
{
    try {
        function();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

// Without a handler, throwing forms throw bad_alloc, and the others return NULL.
void test_failures()
{
    for (std::size_t size : {std::size_t(too_much), std::size_t(all), std::size_t(40) << 20}) {
        EXPECT(throws<std::bad_alloc>([=] { sink = ::operator new(size); }));
        EXPECT(throws<std::bad_alloc>([=] { sink = ::operator new[](size); }));
        EXPECT(throws<std::bad_alloc>([=] { sink = ::operator new(size, alignment); }));
        EXPECT(throws<std::bad_alloc>([=] { sink = ::operator new[](size, alignment); }));
        EXPECT(::operator new(size, std::nothrow) == nullptr);
        EXPECT(::operator new[](size, std::nothrow) == nullptr);
        EXPECT(::operator new(size, alignment, std::nothrow) == nullptr);
        EXPECT(::operator new[](size, alignment, std::nothrow) == nullptr);
    }
}

int calls;
void *reserve;

// Makes room at the third call.
void make_room()
{
    if (++calls == 3) {
        std::free(reserve);
        reserve = nullptr;
    }
}

// Gives up at the second call.
void give_up()
{
    if (++calls == 2) {
        throw std::bad_alloc();
    }
}

// Throws something other than bad_alloc, through C code.
void throw_other()
{
    throw std::runtime_error("from the handler");
}

void end_of_handlers()
{
    std::set_new_handler(nullptr);
    calls = 0;
}

void test_handlers()
{
    const std::size_t size = 20 << 20;
    void *block;

    for (int form = 0; form < 4; form++) {
        reserve = std::malloc(size);
        EXPECT(reserve != nullptr);
        std::set_new_handler(make_room);
        switch (form) {
        case 0: block = ::operator new(size); break;
        case 1: block = ::operator new[](size, alignment); break;
        case 2: block = ::operator new(size, std::nothrow); break;
        default: block = ::operator new[](size, alignment, std::nothrow); break;
        }
        EXPECT(block != nullptr && calls == 3);
        std::free(block);
        end_of_handlers();
    }

    std::set_new_handler(give_up);
    EXPECT(throws<std::bad_alloc>([] { sink = ::operator new(all); }) && calls == 2);
    calls = 0;
    EXPECT(::operator new(all, std::nothrow) == nullptr && calls == 2);
    calls = 0;
    EXPECT(::operator new[](all, std::nothrow) == nullptr && calls == 2);
    calls = 0;
    EXPECT(::operator new(all, alignment, std::nothrow) == nullptr && calls == 2);
    calls = 0;
    EXPECT(::operator new[](all, alignment, std::nothrow) == nullptr && calls == 2);
    // More room does not help with an invalid alignment.
    volatile std::size_t numbers[] = {24, 3};
    for (std::size_t number : numbers) {
        const std::align_val_t odd{number};
        calls = 0;
        EXPECT(throws<std::bad_alloc>([=] { sink = ::operator new(10, odd); }) && calls == 0);
        EXPECT(::operator new(10, odd, std::nothrow) == nullptr && calls == 0);
    }
    std::set_new_handler(throw_other);
    EXPECT(throws<std::runtime_error>([] { sink = ::operator new(all); }));
    end_of_handlers();
}

struct alignas(128) Wide {
    char bytes[300];
};

// Uses operators as programs do, with exceptions that free what was allocated with them.
void test_objects()
{
    std::size_t before = in_use();
    {
        std::vector<std::string> words;
        std::vector<std::unique_ptr<Wide>> wides;

        for (int i = 0; i < 10000; i++) {
            words.push_back(std::string(std::size_t(i % 100), 'w'));
            wides.emplace_back(new Wide);
            EXPECT(reinterpret_cast<std::uintptr_t>(wides.back().get()) % 128 == 0);
        }
        EXPECT(throws<std::bad_alloc>([] { std::vector<char> bytes(std::size_t(1) << 30); }));
        EXPECT(throws<std::bad_alloc>([] {
            std::vector<Wide> grows;
            for (;;)
                grows.emplace_back();
        }));
    }
    EXPECT(in_use() <= before + 100000);
}

thread_local std::string name = "a string too long to be held in the object itself";

void test_threads()
{
    for (int i = 0; i < 200; i++) {
        std::thread thread([] { name += name; });
        thread.join();
    }
}

std::string before_main(1000, 'm');

} // namespace

int main()
{
    EXPECT(before_main.size() == 1000);
    test_forms();
    test_failures();
    test_handlers();
    test_objects();
    test_threads();
    return EXIT_SUCCESS;
}
