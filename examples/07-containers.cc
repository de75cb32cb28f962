/* SPDX-License-Identifier: MIT
 *
 * Containers of C++ in regions, with mem.hpp: a budget for each request, which ends with its scope.
 *
 *   07-containers     needs no arguments */
#include <mem.hpp>

#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace
{

/* Counts the words of a text, in a region of its own. Throws std::bad_alloc if that is too small. */
void count_words(const std::string &text, std::size_t budget)
{
    mem::region region(budget);
    mem::resource resource(region);
    std::pmr::map<std::pmr::string, int> counts(&resource);
    std::pmr::string word(&resource);

    for (char letter : text + ' ') {
        if (letter != ' ') {
            word += letter;
        } else if (!word.empty()) {
            counts[word]++;
            word.clear();
        }
    }
    for (const auto &[counted, times] : counts) {
        std::cout << "  " << times << " " << counted << "\n";
    }
}

void serve(const std::string &text, std::size_t budget)
{
    std::cout << budget << " bytes for " << text.size() << " letters\n";
    try {
        count_words(text, budget);
    } catch (const std::bad_alloc &) {
        std::cout << "  too large for its budget\n";
    }
}

} // namespace

int main()
{
    serve("the cat saw the dog", 4096);
    serve("the cat saw " + std::string(5000, 'x'), 4096);

    /* Containers that are not of std::pmr take an allocator. */
    mem::region region(4096);
    std::vector<double, mem::allocator<double>> numbers({1, 2, 3}, region);
    Mem_Stats stats;

    if (Mem_RegionGetStats(region.get(), &stats) != 0) {
        return 1;
    }
    std::cout << numbers.size() << " numbers: " << stats.bytes_in_use << " bytes in use\n";
    return 0;
}
