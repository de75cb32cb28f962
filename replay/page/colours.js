/* SPDX-License-Identifier: MIT
 * What the map is coloured by: for cells by numbers from 0 to 255, for blocks by what is known of them; and the legend. */
const Colours = (() => {
  const ways = { age: "Age", size: "Size", thread: "Thread", caller: "Caller" };
  let facts = null;

  function start(given) {
    facts = given;
  }

  /* Those that tell something. A dump has sizes alone. */
  function known() {
    return facts.kind === "dump" ? ["size"] : Object.keys(ways);
  }

  /* Half octaves of calls, as in the map's cells. */
  function ageLevel(age) {
    return age < 1 ? 0 : 1 + Math.floor(2 * Math.log2(age));
  }

  function oldest() {
    return Math.max(2, ageLevel(facts.span));
  }

  function sizes() {
    const used = facts.sizes.map((count, place) => [count, place]).filter(([count]) => count > 0);
    return used.length === 0 ? [0, 1] : [used[0][1], Math.max(used[used.length - 1][1], used[0][1] + 1)];
  }

  function colour(way, value) {
    if (way === "age") return Palette.scale(value / oldest());
    if (way === "thread" || way === "caller") return Palette.category(value);
    const [low, high] = sizes();
    return Palette.scale((value - low) / (high - low));
  }

  /* For Tiles. */
  function ofCells(state) {
    const of = [];
    for (let value = 0; value < 256; value++) of.push(colour(state.colour, value));
    const caller = state.caller < 0 ? -1 : facts.callers[state.caller].rank;
    return { key: `${state.colour} ${caller}`, plane: state.colour, of, caller };
  }

  function threadRank(thread) {
    return facts.threads.findIndex(([number]) => number === thread);
  }

  function octave(size) {
    return size === 0 ? 0 : Math.floor(Math.log2(size)) + 1;
  }

  /* Of a block, at a moment. */
  function ofRecord(way, at, moment) {
    const records = facts.records;
    if (way === "age") return colour(way, ageLevel(moment - records.from[at]));
    if (way === "size") return colour(way, octave(records.size[at]));
    if (way === "thread") return colour(way, Math.max(0, threadRank(records.thread[at])));
    return colour(way, facts.callers[records.caller[at]].rank);
  }

  function swatch(colourOf) {
    const box = document.createElement("span");
    box.className = "swatch";
    box.style.background = Palette.css(colourOf);
    return box;
  }

  function entry(colourOf, text) {
    const item = document.createElement("span");
    item.append(swatch(colourOf), text.length > 40 ? `${text.slice(0, 39)}…` : text);
    item.title = text;
    return item;
  }

  function ramp(first, last) {
    const box = document.createElement("span");
    const bar = document.createElement("span");
    bar.className = "swatch ramp";
    const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => Palette.css(Palette.scale(share)));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    box.append(first, bar, last);
    return box;
  }

  function legend(way) {
    const items = [];
    if (way === "age") items.push(ramp("allocated just now", `${Format.short(facts.span)} calls ago`));
    if (way === "size") {
      const [low, high] = sizes();
      items.push(ramp(Format.bytes(Format.octave(low)[0]), Format.bytes(Format.octave(high)[1] + 1)));
    }
    if (way === "thread")
      facts.threads.slice(0, Palette.own).forEach(([number], rank) => items.push(entry(Palette.category(rank), `thread ${number}`)));
    if (way === "caller")
      facts.callers.slice(0, Palette.own).forEach((caller) => items.push(entry(Palette.category(caller.rank), caller.name)));
    const all = way === "thread" ? facts.threadCount : way === "caller" ? facts.callerCount : 0;
    if (all > Palette.own) items.push(entry(Palette.grey, `${Format.count(all - Palette.own)} others`));
    const free = document.createElement("span");
    const box = swatch([0, 0, 0]);
    box.style.background = "var(--free)";
    free.append(box, "free");
    items.push(free);
    return items;
  }

  return { known, legend, octave, ofCells, ofRecord, start, swatch, ways };
})();
