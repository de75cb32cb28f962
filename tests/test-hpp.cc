// SPDX-License-Identifier: MIT
//
// mem.hpp: regions that end with their scope, and containers in them. languages.sh builds and runs
// this with each C++ compiler that there is.
#include <mem.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <memory>
#include <scoped_allocator>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

int failures = 0;

void expect(bool condition, const char *what, int line)
{
    if (!condition) {
        std::fprintf(stderr, "line %d: not as expected: %s\n", line, what);
        failures++;
    }
}

#define EXPECT(condition) expect(condition, #condition, __LINE__)

template <typename T> using Alloc = mem::allocator<T>;
using Text = std::basic_string<char, std::char_traits<char>, Alloc<char>>;

// A type that needs more than the alignment of blocks.
struct alignas(64) Line {
    int value;
};

static_assert(!std::is_copy_constructible_v<mem::region>);
static_assert(!std::is_copy_assignable_v<mem::region>);
static_assert(std::is_nothrow_move_constructible_v<mem::region>);
static_assert(std::is_nothrow_move_assignable_v<mem::region>);
static_assert(!std::is_convertible_v<std::size_t, mem::region>);
static_assert(sizeof(mem::region) == sizeof(Mem_Region *));

// A region that ends at once is no place for blocks.
static_assert(!std::is_constructible_v<Alloc<int>, mem::region>);
static_assert(!std::is_constructible_v<mem::resource, mem::region>);
static_assert(std::is_constructible_v<Alloc<int>, mem::region &>);

using Traits = std::allocator_traits<Alloc<int>>;
static_assert(std::is_same_v<Traits::rebind_alloc<Line>, Alloc<Line>>);
static_assert(!Traits::is_always_equal::value);
static_assert(!Traits::propagate_on_container_copy_assignment::value);
static_assert(!Traits::propagate_on_container_move_assignment::value);
static_assert(Traits::propagate_on_container_swap::value);

int count_region(Mem_Region *, void *context)
{
    ++*static_cast<int *>(context);
    return 0;
}

int regions()
{
    int count = 0;

    EXPECT(Mem_Regions(count_region, &count) == 0);
    return count;
}

std::size_t blocks_in_use(Mem_Region *region)
{
    Mem_Stats stats;

    EXPECT(Mem_RegionCheck(region) == 0);
    EXPECT(Mem_RegionGetStats(region, &stats) == 0);
    return stats.blocks_in_use;
}

bool aligned(const void *pointer, std::size_t alignment)
{
    return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0;
}

// Returns the errno of the std::system_error that an action throws; -1 for std::bad_alloc; 0 if it
// throws nothing.
template <typename Action> int thrown(Action action)
{
    try {
        action();
    } catch (const std::bad_alloc &) {
        return -1;
    } catch (const std::system_error &error) {
        EXPECT(error.code().category() == std::generic_category());
        return error.code().value();
    }
    return 0;
}

void test_scope()
{
    EXPECT(regions() == 0);
    {
        mem::region first(100000);
        Mem_Region *handle = first.get();
        void *block = Mem_RegionAlloc(handle, 100);

        EXPECT(regions() == 1);
        EXPECT(Mem_RegionOf(block) == handle);
        mem::region second(std::move(first));
        EXPECT(second.get() == handle && first.get() == nullptr);
        mem::region third(50000);
        EXPECT(regions() == 2);
        third = std::move(second);
        EXPECT(regions() == 1);
        EXPECT(third.get() == handle && second.get() == nullptr);
        mem::region &same = third;
        third = std::move(same);
        EXPECT(third.get() == handle && regions() == 1);
        second = std::move(third);
        EXPECT(Mem_RegionSize(second.get(), block) == 104);
    }
    EXPECT(regions() == 0);
    Mem_Region *released = mem::region(1000).release();
    EXPECT(regions() == 1);
    EXPECT(Mem_RegionDestroy(released) == 0);
}

// An object without a region does not end the default region.
void test_default_stays()
{
    EXPECT(Mem_Init(10000) == 0);
    {
        mem::region first(1000);
        mem::region second(std::move(first));
        std::vector<int, Alloc<int>> numbers{1, 2, 3};
        mem::resource resource;
        std::pmr::string text("longer than what fits into the object itself", &resource);

        EXPECT(resource.get() == nullptr);
        EXPECT(blocks_in_use(nullptr) == 2);
    }
    EXPECT(blocks_in_use(nullptr) == 0);
    EXPECT(Mem_Exit() == 0);
    EXPECT(thrown([] { std::vector<int, Alloc<int>> numbers(3); }) == EINVAL);
}

void test_options()
{
    alignas(8) static unsigned char memory[10000];
    Mem_Options options{};

    options.alignment = 32;
    options.flags = MEM_EXACT;
    mem::region mapped(100000, options);
    EXPECT(aligned(Mem_RegionAlloc(mapped.get(), 1), 32));
    mem::region inside(memory, sizeof memory, options);
    void *block = Mem_RegionAlloc(inside.get(), 1);
    EXPECT(block > memory && block < memory + sizeof memory && aligned(block, 32));

    EXPECT(thrown([] { mem::region region(0); }) == EINVAL);
    EXPECT(thrown([] { mem::region region(nullptr, 1000); }) == EINVAL);
    EXPECT(thrown([] { mem::region region(memory, 10); }) == EINVAL);
    options.alignment = 3;
    EXPECT(thrown([&] { mem::region region(1000, options); }) == EINVAL);
    EXPECT(thrown([] { mem::region region(PTRDIFF_MAX / 2); }) == -1);
}

// Fills containers of all kinds, and checks what they hold.
template <typename Words, typename Numbers, typename Table, typename Chain, typename Lines>
void fill(Mem_Region *region, Words &words, Numbers &numbers, Table &table, Chain &chain,
          Lines &lines)
{
    for (int i = 0; i < 1000; i++) {
        std::size_t length = static_cast<std::size_t>(i % 100);

        words.emplace_back(length, 'x');
        numbers[i % 300] += i;
        table[i % 200] = i;
        chain.push_front(i);
        lines.push_back(Line{i});
        EXPECT(aligned(&lines.back(), alignof(Line)));
    }
    EXPECT(blocks_in_use(region) > 1000);
    for (const auto &word : words) {
        EXPECT(word.get_allocator() == words.get_allocator());
    }
    EXPECT(Mem_RegionOf(words.back().data()) == region);
    EXPECT(words.size() == 1000 && words.back().size() == 99);
    EXPECT(numbers.size() == 300 && numbers[0] == 0 + 300 + 600 + 900);
    EXPECT(table.size() == 200 && table[199] == 999);
    EXPECT(chain.size() == 1000 && chain.front() == 999);
    EXPECT(lines[500].value == 500);
    EXPECT(Mem_RegionCheck(region) == 0);
}

void test_allocator()
{
    mem::region region(4 << 20);

    {
        std::vector<Text, std::scoped_allocator_adaptor<Alloc<Text>>> words(region);
        std::map<int, int, std::less<int>, Alloc<std::pair<const int, int>>> numbers(region);
        std::unordered_map<int, int, std::hash<int>, std::equal_to<int>,
                           Alloc<std::pair<const int, int>>>
            table(region);
        std::list<int, Alloc<int>> chain(region);
        std::vector<Line, Alloc<Line>> lines(region);

        fill(region.get(), words, numbers, table, chain, lines);
        EXPECT(thrown([&] { lines.reserve(1 << 20); }) == -1);
        EXPECT(lines.size() == 1000 && lines[999].value == 999);
    }
    EXPECT(blocks_in_use(region.get()) == 0);
}

void test_resource()
{
    mem::region region(4 << 20);
    mem::resource resource(region);

    {
        std::pmr::vector<std::pmr::string> words(&resource);
        std::pmr::map<int, int> numbers(&resource);
        std::pmr::unordered_map<int, int> table(&resource);
        std::pmr::list<int> chain(&resource);
        std::pmr::vector<Line> lines(&resource);

        fill(region.get(), words, numbers, table, chain, lines);
        EXPECT(thrown([&] { lines.reserve(1 << 20); }) == -1);
    }
    {
        std::pmr::unsynchronized_pool_resource pool(&resource);
        std::pmr::vector<int> pooled(1000, 1, &pool);
        EXPECT(Mem_RegionOf(pooled.data()) == region.get());
    }
    EXPECT(blocks_in_use(region.get()) == 0);
}

void test_equality()
{
    mem::region one(100000);
    mem::region two(100000);
    mem::resource first(one);
    mem::resource again(one.get());
    mem::resource other(two);

    EXPECT(Alloc<int>(one) == Alloc<char>(one));
    EXPECT(!(Alloc<int>(one) != Alloc<char>(one)));
    EXPECT(Alloc<int>(one) != Alloc<int>(two));
    EXPECT(!(Alloc<int>(one) == Alloc<int>(two)));
    EXPECT(Alloc<int>(Alloc<char>(one)).get() == one.get());
    EXPECT(Alloc<int>(one.get()) == Alloc<int>(one));
    EXPECT(first == again && first.is_equal(first) && first != other);
    EXPECT(first != *std::pmr::new_delete_resource());
    void *block = first.allocate(100);
    again.deallocate(block, 100);
    EXPECT(blocks_in_use(one.get()) == 0);
}

// Assignment leaves a container in its region; swap() and move construction take it along.
void test_propagation()
{
    mem::region one(100000);
    mem::region two(100000);
    std::vector<int, Alloc<int>> first({1, 2, 3}, one);
    std::vector<int, Alloc<int>> second({4, 5}, two);

    second = first;
    EXPECT(second.size() == 3 && Mem_RegionOf(second.data()) == two.get());
    second = std::move(first);
    EXPECT(second.size() == 3 && Mem_RegionOf(second.data()) == two.get());
    first = {7};
    swap(first, second);
    EXPECT(first.size() == 3 && Mem_RegionOf(first.data()) == two.get());
    EXPECT(second.size() == 1 && Mem_RegionOf(second.data()) == one.get());
    std::vector<int, Alloc<int>> moved(std::move(second));
    EXPECT(moved.size() == 1 && Mem_RegionOf(moved.data()) == one.get());
    std::vector<int, Alloc<int>> copy(moved);
    EXPECT(copy[0] == 7 && Mem_RegionOf(copy.data()) == one.get());
    mem::region elsewhere(std::move(one));
    copy.resize(1000);
    EXPECT(Mem_RegionOf(copy.data()) == elsewhere.get());
    one = std::move(elsewhere); /* which the containers outlive */
}

void test_limits()
{
    mem::region region(100000);
    Alloc<Line> lines(region);
    bool overflow = false;

    try {
        (void)lines.allocate(SIZE_MAX / sizeof(Line) + 1);
    } catch (const std::bad_array_new_length &) {
        overflow = true;
    }
    EXPECT(overflow);
    EXPECT(thrown([&] { (void)lines.allocate(SIZE_MAX / sizeof(Line)); }) == -1);
    Line *line = lines.allocate(1);
    EXPECT(aligned(line, alignof(Line)));
    lines.deallocate(line, 1);
    lines.deallocate(lines.allocate(0), 0);
    EXPECT(blocks_in_use(region.get()) == 0);
}

void note_misuse(const Mem_Misuse *misuse, void *context)
{
    *static_cast<Mem_MisuseKind *>(context) = misuse->kind;
}

void test_misuse()
{
    mem::region region(100000);
    mem::resource resource(region);
    Alloc<int> numbers(region);
    int *number = numbers.allocate(1);

    numbers.deallocate(number, 1);
    for (int i = 0; i < 2; i++) {
        Mem_MisuseKind kind = MEM_MISUSE_NO_REGION;

        Mem_OnMisuse(note_misuse, &kind);
        i == 0 ? numbers.deallocate(number, 1) : resource.deallocate(number, sizeof(int));
        Mem_OnMisuse(nullptr, nullptr);
        EXPECT(kind == MEM_MISUSE_FREED);
    }
}

} // namespace

int main()
{
    test_scope();
    test_default_stays();
    test_options();
    test_allocator();
    test_resource();
    test_equality();
    test_propagation();
    test_limits();
    test_misuse();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
