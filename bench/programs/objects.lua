-- SPDX-License-Identifier: MIT
--
-- Tables, strings and closures that come and go. Argument: how many.

local count = tonumber(arg[1])
local state = 1

local function random_below(limit)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state // 65536) % limit
end

local function tree(depth)
    if depth == 0 then
        return {leaf = "leaf " .. random_below(1000)}
    end
    return {left = tree(depth - 1), right = tree(depth - 1), depth = depth}
end

local function size(node)
    return node.leaf and #node.leaf or size(node.left) + size(node.right)
end

for turn = 1, 4 do
    local live, length = {}, 0
    for i = 1, count do
        local at = random_below(count // 8 + 1)
        local old = live[at]
        if old then
            length = length + #old.text + old.add(1)
        end
        live[at] = {
            text = string.rep("x", random_below(100)) .. i,
            add = function(n) return n + i end,
            list = {i, i + 1, tostring(i)},
        }
    end
    local parts = {}
    for at = 0, count // 8 do
        parts[#parts + 1] = live[at] and live[at].text:upper() or ""
    end
    local text = table.concat(parts, ","):gsub("X+", function(run) return #run .. "x" end)
    print(turn, length, #text, size(tree(12)))
end
