/* SPDX-License-Identifier: MIT
 *
 * libmem for C++17: a region that ends with its scope, and what containers need to live in it.
 *
 *   mem::region        owns a region, and destroys it at the end
 *   mem::resource      a std::pmr::memory_resource, for containers of std::pmr
 *   mem::allocator<T>  an allocator, for all other containers
 *
 * Resources and allocators refer to a region, and own nothing. The region must outlive them, and
 * everything that was allocated through them. Everything else, such as statistics, is done with the
 * functions of mem.h: pass them get().
 *
 * A function that fails throws std::bad_alloc if errno is ENOMEM, else std::system_error with
 * errno. mem.h says what errno each function of libmem sets.
 */
#ifndef MEM_HPP
#define MEM_HPP

#if __cplusplus < 201703L
#error "mem.hpp needs C++17 or later"
#endif

#include <cerrno>
#include <cstddef>
#include <limits>
#include <memory_resource>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

#include <mem.h>

namespace mem
{

namespace detail
{

/* Throws the exception for errno. what: the function that failed. */
[[noreturn]] inline void fail(const char *what)
{
    int error = errno;

    if (error == ENOMEM) {
        throw std::bad_alloc();
    }
    throw std::system_error(error, std::generic_category(), what);
}

/* Returns a block of at least size bytes at a multiple of alignment, a power of two. */
[[nodiscard]] inline void *allocate(Mem_Region *region, std::size_t size, std::size_t alignment)
{
    void *block = alignment <= 8 ? Mem_RegionAlloc(region, size)
                                 : Mem_RegionAlignedAlloc(region, alignment, size);

    if (block == nullptr) {
        fail("libmem: allocate");
    }
    return block;
}

} // namespace detail

/* Owns a region. It can be moved, but not copied. */
class region
{
  public:
    /* Creates a region as Mem_RegionCreate does. */
    explicit region(std::size_t size, const Mem_Options &options = {})
        : handle(Mem_RegionCreate(size, &options))
    {
        if (handle == nullptr) {
            detail::fail("Mem_RegionCreate");
        }
    }

    /* Makes a region inside memory of the program's own, as Mem_RegionCreateAt does. */
    region(void *memory, std::size_t size, const Mem_Options &options = {})
        : handle(Mem_RegionCreateAt(memory, size, &options))
    {
        if (handle == nullptr) {
            detail::fail("Mem_RegionCreateAt");
        }
    }

    /* Takes the region of another object, which then owns none. */
    region(region &&other) noexcept : handle(other.release())
    {
    }

    /* Destroys the own region, and takes that of another object, which then owns none. */
    region &operator=(region &&other) noexcept
    {
        region old(std::move(other));

        std::swap(handle, old.handle);
        return *this;
    }

    /* Destroys the region, with all its blocks. */
    ~region()
    {
        if (handle != nullptr) {
            Mem_RegionDestroy(handle);
        }
    }

    /* Returns the region, for the functions of mem.h; nullptr if the object owns none. To these
     * functions nullptr means the default region. */
    [[nodiscard]] Mem_Region *get() const noexcept
    {
        return handle;
    }

    /* Returns the region, which the caller must then destroy. The object owns none any more. */
    [[nodiscard]] Mem_Region *release() noexcept
    {
        return std::exchange(handle, nullptr);
    }

  private:
    Mem_Region *handle; /* the region, or nullptr: none */
};

/* Serves containers of std::pmr from a region. Freeing a block that is none is a misuse, as in
 * Mem_RegionFree, and throws nothing. */
class resource : public std::pmr::memory_resource
{
  public:
    /* Uses the default region, which must be there when a block is allocated. */
    resource() noexcept : handle(nullptr)
    {
    }

    /* Uses a region that the object owns now, wherever it is moved later. */
    explicit resource(region &from) noexcept : handle(from.get())
    {
    }

    /* Uses a region of mem.h; nullptr: the default region. */
    explicit resource(Mem_Region *from) noexcept : handle(from)
    {
    }

    /* Returns the region; nullptr: the default region. */
    [[nodiscard]] Mem_Region *get() const noexcept
    {
        return handle;
    }

  private:
    void *do_allocate(std::size_t size, std::size_t alignment) override
    {
        return detail::allocate(handle, size, alignment);
    }

    void do_deallocate(void *block, std::size_t, std::size_t) override
    {
        Mem_RegionFree(handle, block);
    }

    /* Resources of one region are equal: each can free the blocks of the other. Without run-time
     * types, a resource is equal to itself only. */
    [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override
    {
#ifdef __cpp_rtti
        const auto *same = dynamic_cast<const resource *>(&other);

        return same != nullptr && same->handle == handle;
#else
        return this == &other;
#endif
    }

    Mem_Region *handle; /* the region; nullptr: the default region */
};

/* Allocates the elements of a container in a region. Types of any alignment are served.
 *
 * Assignment never takes a container to another region: its budget and its lifetime stay. So the
 * elements of a container of another region are moved one by one. Only swap() exchanges regions. A
 * container that is constructed from another one uses the same region. */
template <typename T> class allocator
{
  public:
    using value_type = T;
    using is_always_equal = std::false_type;
    using propagate_on_container_copy_assignment = std::false_type;
    using propagate_on_container_move_assignment = std::false_type;
    using propagate_on_container_swap = std::true_type;

    /* Uses the default region, which must be there when a block is allocated. */
    allocator() noexcept : handle(nullptr)
    {
    }

    /* Uses a region that the object owns now, wherever it is moved later. */
    allocator(region &from) noexcept : handle(from.get())
    {
    }

    /* Uses a region of mem.h; nullptr: the default region. */
    explicit allocator(Mem_Region *from) noexcept : handle(from)
    {
    }

    /* Uses the region of an allocator of another type. */
    template <typename U> allocator(const allocator<U> &other) noexcept : handle(other.get())
    {
    }

    /* Returns the region; nullptr: the default region. */
    [[nodiscard]] Mem_Region *get() const noexcept
    {
        return handle;
    }

    /* Returns memory for count elements. Throws std::bad_array_new_length if their size overflows,
     * which is a std::bad_alloc. */
    [[nodiscard]] T *allocate(std::size_t count)
    {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
            throw std::bad_array_new_length();
        }
        return static_cast<T *>(detail::allocate(handle, count * sizeof(T), alignof(T)));
    }

    /* Frees memory of allocate(). Freeing a block that is none is a misuse, as in Mem_RegionFree,
     * and throws nothing. */
    void deallocate(T *block, std::size_t) noexcept
    {
        Mem_RegionFree(handle, block);
    }

  private:
    Mem_Region *handle; /* the region; nullptr: the default region */
};

/* Allocators of one region are equal: each can free the blocks of the other. */
template <typename T, typename U>
bool operator==(const allocator<T> &left, const allocator<U> &right) noexcept
{
    return left.get() == right.get();
}

template <typename T, typename U>
bool operator!=(const allocator<T> &left, const allocator<U> &right) noexcept
{
    return left.get() != right.get();
}

} // namespace mem

#endif /* MEM_HPP */
