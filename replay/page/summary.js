/* SPDX-License-Identifier: MIT
 * What needs no pictures: headings, figures, the peak, distributions, the request that did not fit. */
const Summary = (() => {
  let facts = null;

  function element(id) {
    return document.getElementById(id);
  }

  function start(given) {
    facts = given;
    head();
    figures();
    if (facts.failure) failure();
    if (facts.kind === "dump") {
      for (const id of ["over-time", "at-peak", "caller-section"]) element(id).hidden = true;
      element("distributions-title").textContent = "Sizes";
      element("sizes").replaceChildren(sizes());
    } else {
      peak();
      distributions();
    }
    element("footer").textContent = `Made by memreplay ${facts.version} of libmem. This page is complete: it loads nothing.` +
      (facts.tilesLeftOut > 0 ? ` ${Format.count(facts.tilesLeftOut)} finer parts of the map were left out for its size.` : "");
  }

  function programName() {
    return facts.program ? facts.program.split("/").pop() : "A program";
  }

  function head() {
    const kind = facts.exact ? "exact, without caches" : "with caches";
    const name = facts.kind === "dump" ? `A region of ${Format.bytes(facts.capacity)}`
      : `${programName()} in a region of ${Format.bytes(facts.size)}`;
    element("title").textContent = name;
    document.title = `${name} – memreplay`;
    const parts = facts.kind === "dump" ? [`Dump: ${facts.file}`] : [
      facts.arguments || facts.program, `trace ${facts.file}`, `region of ${Format.exactBytes(facts.size)}, ${kind}`,
      facts.complete ? null : "the recording ended early: the program was killed, or the file could not grow",
    ];
    element("subtitle").textContent = parts.filter(Boolean).join(" · ");
    element("verdict").textContent = facts.reason ? `Why this size: ${facts.reason.replace(/\.$/, "")}.` : "";
  }

  function figure(name, value, small) {
    const box = document.createElement("div");
    const data = Bars.cell("dd", value);
    if (small) data.append(Bars.cell("small", small));
    box.append(Bars.cell("dt", name), data);
    return box;
  }

  function figures() {
    const { peak: most } = facts;
    const share = Format.percent(most.bytes / facts.capacity);
    const last = facts.moments[facts.moments.length - 1];
    const found = facts.kind === "dump" ? [
      figure("In use", Format.bytes(facts.live), Format.percent(facts.live / facts.capacity)),
      figure("Blocks in use", Format.count(facts.blocks)),
      figure("Most that was in use", Format.bytes(most.bytes), share),
      figure("Largest free block", Format.bytes(last.largestFree), `${Format.count(last.freePieces)} free pieces`),
    ] : [
      figure("Most live at once", Format.bytes(most.bytes), `${share} of the capacity`),
      figure("Blocks then", Format.count(most.blocks), `call ${Format.count(most.event)}`),
      figure("Live at the end", Format.bytes(facts.live), `${Format.count(facts.blocks)} blocks`),
      figure("Calls", Format.short(facts.events), `${Format.short(facts.allocs)} allocations, ${Format.short(facts.resizes)} resizes`),
      figure("Time", Format.time(facts.time), `${Format.count(facts.threadCount)} ${facts.threadCount === 1 ? "thread" : "threads"}`),
      figure("Callers", Format.count(facts.callerCount)),
    ];
    element("figures").replaceChildren(...found, figure("With bookkeeping", Format.bytes(facts.total)));
  }

  function failure() {
    const { failure: request, moments } = facts;
    const moment = moments[moments.length - 1];
    const free = facts.capacity - moment.bytes;
    const what = request.resize ? "A resize to" : "A request of";
    const by = request.caller ? ` by ${request.caller}` : "";
    const aligned = request.alignment > 0 ? `, aligned to ${Format.bytes(request.alignment)},` : "";
    element("failure").hidden = false;
    element("failure-text").textContent = `${what} ${Format.exactBytes(request.size)}${aligned}${by} (thread ${request.thread}) ` +
      `found no room at call ${Format.count(request.event)}, after ${Format.time(request.time)}. ${Format.bytes(free)} are free, ` +
      `but in ${Format.count(moment.freePieces)} pieces: the largest free block has ${Format.exactBytes(request.largest)}.`;
    const rows = [{ name: "the request", value: request.size, text: Format.bytes(request.size), request: true }].concat(
      moment.pieces.slice(0, 10).map(([offset, bytes]) => ({
        name: `free at ${Format.address(offset)}`, value: bytes, text: Format.bytes(bytes),
      })));
    element("failure-pieces").replaceChildren(Bars.table("The request beside the largest free pieces, to the same scale", rows));
    element("failure-note").textContent = "Everything below shows the region up to this moment. " +
      (request.largest > moment.largestFree ? "" : "Pieces that lie in a cache’s spans serve blocks of the span’s size alone.");
  }

  function peak() {
    const { peak: most } = facts;
    element("peak-text").textContent = `At call ${Format.count(most.event)} (${Format.time(most.time)}) ` +
      `${Format.exactBytes(most.bytes)} were live, in ${Format.count(most.blocks)} blocks.`;
    const callers = facts.callers.filter((caller) => caller.peak > 0).sort((a, b) => b.peak - a.peak);
    const rows = callers.slice(0, 12).map((caller) => ({
      name: caller.name, value: caller.peak, text: `${Format.bytes(caller.peak)}, ${Format.percent(caller.peak / most.bytes)}`,
      swatch: Colours.swatch(Palette.category(caller.rank)),
    }));
    const shown = callers.slice(0, 12).reduce((sum, caller) => sum + caller.peak, 0);
    if (most.bytes > shown)
      rows.push({ name: "others", value: most.bytes - shown, text: `${Format.bytes(most.bytes - shown)}, ${Format.percent((most.bytes - shown) / most.bytes)}` });
    element("peak-callers").replaceChildren(Bars.table("By caller", rows, { names: true }));
    element("peak-sizes").replaceChildren(Bars.table("By size", Bars.octaves(facts.peakSizes, Format.octaveOfBytes,
      (bytes) => `${Format.bytes(bytes)}, ${Format.percent(bytes / most.bytes)}`)));
  }

  function sizes() {
    return Bars.table(facts.kind === "dump" ? "Blocks by size" : "Sizes: calls",
      Bars.octaves(facts.sizes, Format.octaveOfBytes, (count) => Format.short(count)));
  }

  function distributions() {
    const calls = (place) => {
      const [low, high] = Format.octave(place);
      return place <= 1 ? `${low}` : `${Format.short(low)} – ${Format.short(high)}`;
    };
    const micro = (place) => (place === 0 ? "less than 1 µs" : `from ${Format.time(Format.octave(place)[0])}`);
    const share = (counts) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      return (count) => `${Format.short(count)}, ${Format.percent(all ? count / all : 0)}`;
    };
    element("sizes").replaceChildren(sizes());
    element("lifetimes").replaceChildren(
      Bars.table("Lifetimes: blocks by calls until the free", Bars.octaves(facts.lifetimes, calls, share(facts.lifetimes))),
      Bars.table("Lifetimes: blocks by time", Bars.octaves(facts.times, micro, share(facts.times))));
    const box = element("latencies");
    if (facts.latencies.length === 0) {
      box.hidden = true;
      element("distributions-title").textContent = "Sizes and lifetimes";
      return;
    }
    const joined = new Map();
    for (const [ns, count] of facts.latencies) {
      const end = 2 ** Math.ceil(Math.log2(Math.max(1, ns)));
      joined.set(end, (joined.get(end) || 0) + count);
    }
    const told = share([...joined.values()]);
    box.replaceChildren(Bars.table("Latencies: calls when played here", [...joined].map(([ns, count]) => ({
      name: `up to ${Format.time(ns / 1000)}`, value: count, text: told(count),
    }))));
  }

  return { start };
})();
