// SPDX-License-Identifier: MIT
//
// The library from C++: the header compiles, everything links, and it does what C++ programs expect
// of a heap. languages.sh builds and runs this, if there is a C++ compiler.
#include <mem.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

int failures = 0;

void expect(bool condition, const char *what)
{
    if (!condition) {
        std::fprintf(stderr, "not as expected: %s\n", what);
        failures++;
    }
}

#define EXPECT(condition) expect(condition, #condition)

// Allocates elements of containers in a region.
template <typename T> struct RegionAllocator {
    typedef T value_type;

    Mem_Region *region;

    explicit RegionAllocator(Mem_Region *of) : region(of)
    {
    }

    template <typename U> RegionAllocator(const RegionAllocator<U> &other) : region(other.region)
    {
    }

    T *allocate(std::size_t count)
    {
        void *block = Mem_RegionAlignedAlloc(region, alignof(T), count * sizeof(T));

        if (block == nullptr) {
            throw std::bad_alloc();
        }
        return static_cast<T *>(block);
    }

    void deallocate(T *block, std::size_t)
    {
        EXPECT(Mem_RegionFree(region, block) == 0);
    }

    template <typename U> bool operator==(const RegionAllocator<U> &other) const
    {
        return region == other.region;
    }

    template <typename U> bool operator!=(const RegionAllocator<U> &other) const
    {
        return region != other.region;
    }
};

int count_block(const Mem_Block *block, void *context)
{
    *static_cast<std::size_t *>(context) += block->size;
    return 0;
}

void note_misuse(const Mem_Misuse *misuse, void *context)
{
    *static_cast<Mem_MisuseKind *>(context) = misuse->kind;
}

void use_containers(Mem_Region *region)
{
    typedef std::basic_string<char, std::char_traits<char>, RegionAllocator<char>> String;
    std::vector<String, RegionAllocator<String>> words{RegionAllocator<String>(region)};

    for (int i = 0; i < 500; i++) {
        words.push_back(
            String(static_cast<std::size_t>(i % 100), 'x', RegionAllocator<char>(region)));
        EXPECT(Mem_RegionCheck(region) == 0);
    }
    EXPECT(words.back().size() == 99);
    words.erase(words.begin(), words.begin() + 250);
    EXPECT(Mem_RegionCheck(region) == 0);
    try {
        words.reserve(1u << 30);
        EXPECT(!"that much was reserved");
    } catch (const std::bad_alloc &) {
    } catch (const std::length_error &) {
    }
    EXPECT(words.size() == 250);
}

int throw_at_third(const Mem_Block *, void *context)
{
    if (++*static_cast<int *>(context) == 3) {
        throw std::runtime_error("third");
    }
    return 0;
}

void throw_misuse(const Mem_Misuse *, void *)
{
    throw std::logic_error("misuse");
}

void use_in_thread(Mem_Region *region)
{
    std::thread([region] {
        EXPECT(Mem_RegionFree(region, Mem_RegionAlloc(region, 100)) == 0);
        EXPECT(Mem_RegionCheck(region) == 0);
    }).join();
}

// Functions of the program that throw leave no lock behind, with one thread and with two.
void use_exceptions(Mem_Region *region)
{
    void *blocks[] = {Mem_RegionAlloc(region, 10), Mem_RegionAlloc(region, 20)};

    for (int i = 0; i < 2; i++) {
        int visits = 0;
        int caught = 0;

        try {
            Mem_RegionWalk(region, throw_at_third, &visits);
        } catch (const std::runtime_error &) {
            caught++;
        }
        EXPECT(visits == 3 && caught == 1);
        use_in_thread(region);
        Mem_OnMisuse(throw_misuse, nullptr);
        try {
            Mem_RegionFree(region, &caught);
        } catch (const std::logic_error &) {
            caught++;
        }
        Mem_OnMisuse(nullptr, nullptr);
        EXPECT(caught == 2);
        use_in_thread(region);
    }
    EXPECT(Mem_RegionFree(region, blocks[0]) == 0 && Mem_RegionFree(region, blocks[1]) == 0);
}

// Calls every function of the interface once.
void use_all()
{
    static double memory[2000];
    Mem_Options options = Mem_Options();
    Mem_Stats stats;
    Mem_MisuseKind kind = MEM_MISUSE_NO_REGION;
    std::size_t sum = 0;
    char message[100];

    EXPECT(Mem_Init(100000) == 0);
    int *numbers = static_cast<int *>(Mem_Calloc(10, sizeof(int)));
    EXPECT(numbers != nullptr && numbers[9] == 0);
    numbers = static_cast<int *>(Mem_Realloc(numbers, 100 * sizeof(int)));
    EXPECT(Mem_Size(numbers) == 100 * sizeof(int));
    void *block = Mem_Alloc(5);
    void *aligned = Mem_AlignedAlloc(64, 5);
    EXPECT(Mem_Check() == 0 && Mem_CheckReport(message, sizeof message) == 0);
    EXPECT(Mem_GetStats(&stats) == 0 && stats.blocks_in_use == 3);
    EXPECT(Mem_Walk(count_block, &sum) == 0 && sum == stats.capacity);
    EXPECT(Mem_Free(block) == 0 && Mem_Free(aligned) == 0 && Mem_Free(numbers) == 0);
    Mem_Dump();
    EXPECT(Mem_Exit() == 0);

    options.alignment = 16;
    options.flags = MEM_UNLOCKED;
    Mem_Region *region = Mem_RegionCreateAt(memory, sizeof memory, &options);
    numbers = static_cast<int *>(Mem_RegionCalloc(region, 10, sizeof(int)));
    numbers = static_cast<int *>(Mem_RegionRealloc(region, numbers, 100));
    block = Mem_RegionAlloc(region, 1);
    aligned = Mem_RegionAlignedAlloc(region, 256, 1);
    EXPECT(Mem_RegionSize(region, block) == 16);
    EXPECT(Mem_RegionFree(region, aligned) == 0);
    EXPECT(Mem_RegionCheckReport(region, nullptr, 0) == 0);
    EXPECT(Mem_RegionGetStats(region, &stats) == 0 && stats.blocks_in_use == 2);
    sum = 0;
    EXPECT(Mem_RegionWalk(region, count_block, &sum) == 0 && sum == stats.capacity);
    EXPECT(Mem_RegionDump(region, stdout, MEM_JSON) == 0);
    Mem_OnMisuse(note_misuse, &kind);
    EXPECT(Mem_RegionFree(region, aligned) == -1 && kind == MEM_MISUSE_FREED);
    Mem_OnMisuse(nullptr, nullptr);
    EXPECT(Mem_RegionReset(region) == 0);
    EXPECT(Mem_RegionDestroy(region) == 0);
}

} // namespace

int main()
{
    Mem_Region *region = Mem_RegionCreate(1 << 20, nullptr);

    EXPECT(region != nullptr);
    use_exceptions(region);
    use_containers(region);
    EXPECT(Mem_RegionCheck(region) == 0);
    EXPECT(Mem_RegionDestroy(region) == 0);
    use_all();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
