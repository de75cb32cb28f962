/* SPDX-License-Identifier: MIT
 *
 * A treap: a binary tree by address that is a heap by priority. The priority is a hash of the address, so the tree has
 * the shape of a random one, and its depth is logarithmic. The node of each region lies in the region itself. Links
 * are distances, as those between locks are.
 *
 *   begin     address of a region's first block, which no other region has
 *   end       address behind its last block
 *   reach     the largest end in a subtree
 *
 * Regions may lie inside blocks of others. So the region with the largest begin that is not above an address need not
 * have it: of a pair of siblings in one block, the second may end before the address. Where that is so, the reach of a
 * subtree tells whether a region in it has the address.
 *
 * The tree has a lock of its own, held for a few steps at a time. Visits have another one, held as long as they last:
 * a region that is visited does not end. Regions may begin meanwhile. */
#include "region/registry.h"

#include <stdint.h>

static Lock tree_lock = LOCK_INIT;
static Region *tree;

static Lock visit_lock = LOCK_INIT;
static __thread bool is_visiting;

static uintptr_t begin_of(Region *region)
{
    return (uintptr_t)region_first(region);
}

static uintptr_t end_of(Region *region)
{
    return begin_of(region) + region_capacity(region);
}

/* Multiplies by the golden ratio: neighbours get numbers far apart. */
static uint64_t priority_of(Region *region)
{
    return (begin_of(region) >> UNIT_SHIFT) * UINT64_C(0x9E3779B97F4A7C15);
}

static Region *follow(Region *region, ptrdiff_t distance)
{
    return distance == 0 ? NULL : (Region *)((uintptr_t)region + (uintptr_t)distance);
}

static ptrdiff_t distance_to(const Region *from, const Region *to)
{
    return to == NULL ? 0 : (ptrdiff_t)((uintptr_t)to - (uintptr_t)from);
}

static Region *left_of(Region *region)
{
    return follow(region, region->node.left);
}

static Region *right_of(Region *region)
{
    return follow(region, region->node.right);
}

static uintptr_t reach_of(const Region *region)
{
    return region == NULL ? 0 : region->node.reach;
}

/* Sets the subtrees of a region. */
static Region *join(Region *left, Region *region, Region *right)
{
    uintptr_t reach = end_of(region);

    reach = reach_of(left) > reach ? reach_of(left) : reach;
    reach = reach_of(right) > reach ? reach_of(right) : reach;
    region->node = (RegistryNode){distance_to(region, left), distance_to(region, right), reach};
    return region;
}

/* Splits a tree into the regions that begin below an address, and the others. */
static void split(Region *root, uintptr_t address, Region **left, Region **right)
{
    Region *middle;

    if (root == NULL) {
        *left = *right = NULL;
    } else if (begin_of(root) < address) {
        split(right_of(root), address, &middle, right);
        *left = join(left_of(root), root, middle);
    } else {
        split(left_of(root), address, left, &middle);
        *right = join(middle, root, right_of(root));
    }
}

/* Joins two trees. All addresses of the first are lower than those of the second. */
static Region *merge(Region *left, Region *right)
{
    if (left == NULL || right == NULL) {
        return left == NULL ? right : left;
    }
    if (priority_of(left) > priority_of(right)) {
        return join(left_of(left), left, merge(right_of(left), right));
    }
    return join(merge(left, left_of(right)), right, right_of(right));
}

static Region *insert(Region *root, Region *region)
{
    Region *left, *right;

    if (root == NULL || priority_of(region) > priority_of(root)) {
        split(root, begin_of(region), &left, &right);
        return join(left, region, right);
    }
    if (begin_of(region) < begin_of(root)) {
        return join(insert(left_of(root), region), root, right_of(root));
    }
    return join(left_of(root), root, insert(right_of(root), region));
}

static Region *take_out(Region *root, const Region *region, uintptr_t begin)
{
    if (root == region) {
        return merge(left_of(root), right_of(root));
    }
    if (begin < begin_of(root)) {
        return join(take_out(left_of(root), region, begin), root, right_of(root));
    }
    return join(left_of(root), root, take_out(right_of(root), region, begin));
}

/* Finds the innermost region of an address. Regions to the left of one that begins at or below the
 * address begin there, too. So if one of them reaches beyond the address, it contains it, and no
 * second branch is searched in vain. */
static Region *find(Region *root, uintptr_t address)
{
    Region *found = NULL;

    if (reach_of(root) <= address) {
        return NULL;
    }
    if (begin_of(root) <= address) {
        found = find(right_of(root), address);
        if (found == NULL && address < end_of(root)) {
            found = root;
        }
    }
    return found != NULL ? found : find(left_of(root), address);
}

void registry_add(Region *region)
{
    bool locked = lock_take(&tree_lock);

    tree = insert(tree, region);
    lock_release(&tree_lock, locked);
}

void registry_remove(Region *region)
{
    bool visited = lock_take(&visit_lock);
    bool locked = lock_take(&tree_lock);

    tree = take_out(tree, region, begin_of(region));
    lock_release(&tree_lock, locked);
    lock_release(&visit_lock, visited);
}

Region *registry_find(const void *address)
{
    bool locked = lock_take(&tree_lock);
    Region *found = find(tree, (uintptr_t)address);

    lock_release(&tree_lock, locked);
    return found;
}

Region *registry_next(Region *region)
{
    uintptr_t begin = region == NULL ? 0 : begin_of(region);
    bool locked = lock_take(&tree_lock);
    Region *next = NULL;

    for (Region *at = tree; at != NULL;) {
        if (begin_of(at) > begin) {
            next = at;
            at = left_of(at);
        } else {
            at = right_of(at);
        }
    }
    lock_release(&tree_lock, locked);
    return next;
}

void registry_begin_visit(Visit *visit)
{
    visit->outermost = !is_visiting;
    visit->locked = visit->outermost && lock_take_always(&visit_lock);
    if (visit->locked) {
        lock_begin_walk(&visit_lock);
    }
    is_visiting = true;
}

void registry_end_visit(void *argument)
{
    Visit *visit = argument;

    is_visiting = !visit->outermost;
    if (visit->locked) {
        lock_end_walk(&visit_lock);
    }
    lock_release(&visit_lock, visit->locked);
}

bool registry_is_visiting(void)
{
    return is_visiting;
}
