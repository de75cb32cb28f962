/* SPDX-License-Identifier: MIT
 * The region at a moment, in lines as text is: chosen by the scrubber, the list of moments, or in the map. */
const Moment = (() => {
  const LINES = 16;
  const canvas = document.getElementById("moment-picture");
  const scrubber = document.getElementById("scrubber");
  const list = document.getElementById("moments");
  const dump = document.getElementById("moment-dump");
  const words = { peak: "the peak", end: "the end", failure: "the failure", regular: "" };
  let facts = null;
  let box = null;

  function start(given) {
    facts = given;
    scrubber.max = String(facts.shape.columns - 1);
    scrubber.addEventListener("input", () => View.set({ moment: Number(scrubber.value) * facts.shape.width }));
    list.addEventListener("change", () => {
      if (list.value !== "") View.set({ moment: facts.moments[Number(list.value)].event });
    });
    fillList();
    canvas.addEventListener("pointermove", (event) => {
      const area = canvas.getBoundingClientRect();
      spotAt(event.clientX - area.left, event.clientY - area.top);
    });
    canvas.addEventListener("keydown", key);
    View.listen(draw);
  }

  /* Shows what lies at a point of the picture. */
  function spotAt(x, y) {
    const line = Math.floor((y - box.top) / box.line);
    const share = (x - box.left) / box.width;
    if (line < 0 || line >= LINES || share < 0 || share >= 1) return;
    View.set({ spot: { event: View.state.moment, address: Math.min(facts.capacity - 1, (line + share) / LINES * facts.capacity) } });
  }

  function key(event) {
    const small = facts.capacity / LINES / 200;
    const steps = { ArrowLeft: -small, ArrowRight: small, ArrowUp: -facts.capacity / LINES, ArrowDown: facts.capacity / LINES };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { spot, moment } = View.state;
    const address = (spot ? spot.address : 0) + step * (event.shiftKey ? 10 : 1);
    View.set({ spot: { event: moment, address: Math.max(0, Math.min(facts.capacity - 1, address)) } });
  }

  /* A frame about the spot. */
  function drawSpot(plot, state) {
    const { context } = plot;
    if (!state.spot || state.spot.event !== state.moment) return;
    const [part] = rectangles(state.spot.address, state.spot.address + 1);
    if (!part) return;
    context.strokeStyle = Palette.variable("mark");
    context.lineWidth = 2;
    context.strokeRect(part[0] - 3, part[1] - 1, 6, part[3] + 2);
    context.lineWidth = 1;
  }

  function fillList() {
    list.append(new Option("as chosen in the map", ""));
    facts.moments.forEach((moment, i) => {
      const word = words[moment.reason];
      list.append(new Option(`${word ? `${word}: ` : ""}call ${Format.count(moment.event)}`, String(i)));
    });
  }

  /* One of the moments whose blocks are listed, or null. */
  function listed(event) {
    const at = facts.moments.findIndex((moment) => moment.event === event);
    return at < 0 ? null : { moment: facts.moments[at], at };
  }

  function tell(state, known) {
    const column = Data.columnOf(facts, state.moment);
    const { used, largest, blocks } = facts.columns;
    const at = `Call ${Format.count(state.moment)}, ${Format.time(Data.timeOf(facts, state.moment))}: `;
    if (!known)
      return `${at}${Format.bytes(used[column])} in use in ${Format.count(blocks[column])} blocks, largest free ` +
        `block ${Format.bytes(largest[column])} (at the end of this column of the map).`;
    const { moment } = known;
    const left = moment.leftOut === 0 ? "All are shown exactly."
      : `Not shown exactly: the ${Format.count(moment.leftOut)} smallest, ${Format.bytes(moment.leftBytes)} together.`;
    return `${facts.kind === "dump" ? "" : at}${Format.bytes(moment.bytes)} in use in ${Format.count(moment.blocks)} blocks; ` +
      `${Format.bytes(facts.capacity - moment.bytes)} free in ${Format.count(moment.freePieces)} pieces, the largest ` +
      `${Format.bytes(moment.largestFree)}. ${left}`;
  }

  /* A run of addresses as rectangles in the lines: [left, top, width, height] each. */
  function rectangles(offset, end) {
    const line = facts.capacity / LINES;
    const found = [];
    for (let i = Math.floor(offset / line); i < LINES && i * line < end; i++) {
      const from = Math.max(offset, i * line);
      const to = Math.min(end, (i + 1) * line);
      if (to <= from) continue;
      found.push([box.left + (from - i * line) / line * box.width, box.top + i * box.line,
        Math.max(0.6, (to - from) / line * box.width), box.line - 3]);
    }
    return found;
  }

  function drawCells(plot, state, column) {
    const { context } = plot;
    const colours = Colours.ofCells(state);
    for (let row = 0; row < column.rows; row++) {
      const use = column.use[row];
      if (use === 0) continue;
      const dim = colours.caller < 0 || column.caller[row] === colours.caller ? 1 : 0.13;
      context.fillStyle = Palette.css(colours.of[column[state.colour][row]], Tiles.alpha(use) * dim);
      const end = Math.min(facts.capacity, (row + 1) * column.height);
      for (const part of rectangles(row * column.height, end)) context.fillRect(...part);
    }
  }

  function drawRecords(plot, state) {
    const { context } = plot;
    const records = facts.records;
    for (let i = 0; i < records.count; i++) {
      if (records.from[i] > state.moment || records.until[i] <= state.moment) continue;
      const dim = state.caller < 0 || records.caller[i] === state.caller ? 1 : 0.13;
      for (const [left, top, width, height] of rectangles(records.offset[i], records.offset[i] + records.bytes[i])) {
        context.clearRect(left, top, width, height);
        context.fillStyle = Palette.variable("free");
        context.fillRect(left, top, width, height);
        context.fillStyle = Palette.css(Colours.ofRecord(state.colour, i, state.moment), dim);
        context.fillRect(left, top, width > 3 ? width - 0.75 : width, height);
      }
    }
  }

  function drawLines(plot) {
    const { context } = plot;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (let i = 0; i < LINES; i++) {
      context.fillStyle = Palette.variable("free");
      context.fillRect(box.left, box.top + i * box.line, box.width, box.line - 3);
      context.fillStyle = Palette.variable("ink");
      context.fillText(Format.bytes(facts.capacity / LINES * i), box.left - 7, box.top + (i + 0.5) * box.line - 1);
    }
  }

  function frameLines(plot) {
    plot.context.strokeStyle = Palette.variable("line");
    for (let i = 0; i < LINES; i++)
      plot.context.strokeRect(box.left + 0.5, box.top + i * box.line + 0.5, box.width - 1, box.line - 4);
  }

  /* As Mem_Dump draws it. */
  function text(column) {
    let line = "";
    for (let i = 0; i < 64; i++) {
      const from = Math.floor(i * column.rows / 64);
      const to = Math.max(from + 1, Math.floor((i + 1) * column.rows / 64));
      const part = column.use.subarray(from, to);
      line += part.every((use) => use === 0) ? "." : part.every((use) => use >= Tiles.FULL) ? "#" : "+";
    }
    return `[${line}]`;
  }

  function pieces(known) {
    const details = document.getElementById("pieces-details");
    details.hidden = !known;
    if (!known) return;
    const rows = known.moment.pieces.slice(0, 12).map(([offset, bytes]) => ({
      name: `at ${Format.address(offset)}`, value: bytes, text: Format.bytes(bytes),
    }));
    document.getElementById("moment-pieces").replaceChildren(Bars.table("The largest free pieces", rows));
  }

  function draw(state) {
    const known = listed(state.moment);
    const plot = Plot.begin(canvas);
    box = { left: Plot.left, top: 2, width: plot.width - Plot.left - 2, line: (plot.height - 4) / LINES };
    const column = Tiles.column(state.moment);
    scrubber.value = String(Data.columnOf(facts, state.moment));
    scrubber.setAttribute("aria-valuetext", `call ${Format.count(state.moment)}`);
    list.value = known ? String(known.at) : "";
    document.getElementById("moment-text").textContent = tell(state, known);
    pieces(known);
    if (column === null || box.width < 10) return;
    drawLines(plot);
    if (!known || known.moment.leftOut > 0) drawCells(plot, state, column);
    drawRecords(plot, state);
    frameLines(plot);
    drawSpot(plot, state);
    dump.textContent = text(column);
    canvas.setAttribute("aria-label", `The region at call ${Format.count(state.moment)}, in ${LINES} lines of ` +
      `${Format.bytes(facts.capacity / LINES)} each.`);
  }

  return { start };
})();
