/* SPDX-License-Identifier: MIT
 * Tells what a spot of the map is: exactly, if a block is known that lies there, or as a summary of the cell. */
const Spot = (() => {
  let facts = null;
  let told = "";

  function start(given) {
    facts = given;
    View.listen((state) => { if (state.spot) show(tell(state.spot)); });
  }

  function show([first, rest]) {
    const text = `${first} ${rest}`;
    if (text === told) return;
    told = text;
    for (const output of document.querySelectorAll(".spot")) {
      const strong = document.createElement("strong");
      strong.textContent = first;
      output.replaceChildren(strong, ` ${rest}`);
      /* Only the one beside what is used is read out. */
      const used = document.activeElement && document.activeElement.id === "moment-picture";
      output.setAttribute("aria-live", used === (output.id === "moment-spot") ? "polite" : "off");
    }
  }

  /* The number of the record that a spot lies in, or -1. */
  function recordAt(event, address) {
    const records = facts.records;
    for (let i = 0; i < records.count; i++)
      if (address >= records.offset[i] && address < records.offset[i] + records.bytes[i] &&
          event >= records.from[i] && event < records.until[i]) return i;
    return -1;
  }

  function moment(event, time) {
    return `at call ${Format.count(event)} (${Format.time(time)})`;
  }

  function tellRecord(i) {
    const records = facts.records;
    const size = records.size[i] === records.bytes[i] ? "" : `, takes ${Format.count(records.bytes[i])}`;
    const where = `Offset ${Format.address(records.offset[i])}, ${Format.count(records.size[i])} bytes${size}.`;
    if (facts.kind === "dump") return ["Exactly: a block in use.", where];
    const gone = records.until[i] === Infinity
      ? "It was never freed"
      : `Freed or resized ${moment(records.until[i], records.untilTime[i])}, ` +
        `after ${Format.count(records.until[i] - records.from[i])} calls (${Format.time(records.untilTime[i] - records.fromTime[i])})`;
    return [
      `Exactly: ${Format.bytes(records.size[i])} by ${facts.callers[records.caller[i]].name}.`,
      `${where} Allocated ${moment(records.from[i], records.fromTime[i])}, thread ${records.thread[i]}. ${gone}.`,
    ];
  }

  function callerOfRank(rank) {
    const last = 63;
    if (rank >= last) return "other callers";
    const found = facts.callers.find((caller) => caller.rank === rank);
    return found ? found.name : "unknown callers";
  }

  function tellCell(cell) {
    const where = `Calls ${Format.count(cell.from)} to ${Format.count(cell.to)}, ` +
      `offsets ${Format.address(cell.low)} to ${Format.address(cell.high)}`;
    if (cell.use === 0) return ["Free.", `${where}: no block lies here at any time.`];
    const share = cell.use >= Tiles.FULL ? "all of it is in use"
      : `about ${Math.round((cell.use - 0.5) / (Tiles.FULL - 1) * 100)} % of it is in use`;
    if (facts.kind === "dump") return ["A summary:", `${where}: ${share}, mostly blocks of ${Format.octaveOfBytes(cell.size)}.`];
    const age = cell.age === 0 ? "less than a call" : `some ${Format.short(2 ** ((cell.age - 1) / 2))} calls`;
    const thread = cell.thread < facts.threads.length ? `thread ${facts.threads[cell.thread][0]}` : "other threads";
    return [
      "A summary:",
      `${where}: ${share}, most of it by blocks of ${Format.octaveOfBytes(cell.size)}, by ${callerOfRank(cell.caller)}, ` +
      `by ${thread}; mean age ${age}.`,
    ];
  }

  function tell({ event, address }) {
    const record = recordAt(event, address);
    if (record >= 0) return tellRecord(record);
    const cell = Tiles.cell(event, address);
    return cell ? tellCell(cell) : ["Unknown.", "Nothing is known of this spot."];
  }

  return { recordAt, start };
})();
