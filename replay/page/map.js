/* SPDX-License-Identifier: MIT
 * The map: calls from left to right, addresses upwards. */
const Map2D = (() => {
  const canvas = document.getElementById("map");
  const layer = document.createElement("canvas"); /* the cells, so that tiles may lie above each other */
  let facts = null;
  let box = null;

  function start(given) {
    facts = given;
    View.listen(draw);
  }

  function place(event, address) {
    const { from, to, low, high } = View.state;
    return [
      box.left + (event - from) / (to - from) * box.width,
      box.top + (high - address) / (high - low) * box.height,
    ];
  }

  /* The spot at a point of the canvas, or null. */
  function spotAt(x, y) {
    const { from, to, low, high } = View.state;
    if (box === null || x < box.left || x >= box.left + box.width || y < box.top || y >= box.top + box.height) return null;
    return {
      event: from + (x - box.left) / box.width * (to - from),
      address: high - (y - box.top) / box.height * (high - low),
    };
  }

  function drawCells(plot, state) {
    const { context } = plot;
    const ratio = canvas.width / plot.width;
    layer.width = Math.max(1, Math.round(box.width * ratio));
    layer.height = Math.max(1, Math.round(box.height * ratio));
    const inner = layer.getContext("2d");
    const pixels = { x: layer.width / (state.to - state.from), y: layer.height / (state.high - state.low) };
    Tiles.paint(inner, state, pixels, Colours.ofCells(state), (event, address) => [
      Math.round((event - state.from) * pixels.x),
      Math.round((state.high - address) * pixels.y),
    ]);
    context.drawImage(layer, box.left, box.top, box.width, box.height);
  }

  /* Blocks that are known exactly, when they are larger than cells; those of the chosen caller always. */
  function drawRecords(plot, state) {
    const { context } = plot;
    const records = facts.records;
    const cell = Tiles.finest();
    const [x0, y0] = place(0, 0);
    const [x1, y1] = place(cell.width, cell.height);
    const fine = x1 - x0 > 3 || y0 - y1 > 3;
    if (!fine && state.caller < 0) return;

    for (let i = 0; i < records.count; i++) {
      const until = Math.min(records.until[i], facts.span);
      const end = records.offset[i] + records.bytes[i];
      const chosen = state.caller === records.caller[i];
      if (records.from[i] >= state.to || until <= state.from || end <= state.low || records.offset[i] >= state.high ||
          (!fine && !chosen)) continue;
      const [left, bottom] = place(Math.max(records.from[i], state.from), Math.max(records.offset[i], state.low));
      const [right, top] = place(Math.min(until, state.to), Math.min(end, state.high));
      if (right - left < 2 || bottom - top < 1) continue;
      if (fine && (state.caller < 0 || chosen)) {
        context.fillStyle = Palette.css(Colours.ofRecord(state.colour, i, (records.from[i] + until) / 2));
        if (state.colour !== "age") context.fillRect(left, top, right - left, bottom - top);
      }
      context.strokeStyle = chosen ? Palette.variable("mark") : Palette.variable("free");
      context.lineWidth = chosen ? 1 : 0.5;
      if (bottom - top > 3) context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
    }
    context.lineWidth = 1;
  }

  /* A vertical line with a word at its top. */
  function drawMark(plot, event, word, dash) {
    const { context } = plot;
    const [x] = place(event, 0);
    if (x < box.left || x > box.left + box.width) return;
    context.strokeStyle = Palette.variable("mark");
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.top + box.height);
    context.stroke();
    context.setLineDash([]);
    if (word) Plot.label(plot, word, x, 0, box);
  }

  function drawSpot(plot, spot) {
    const { context } = plot;
    if (!spot) return;
    const [x, y] = place(spot.event, spot.address);
    for (const [style, width] of [[Palette.variable("card"), 3], [Palette.variable("mark"), 1]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x - 9, y);
      context.lineTo(x + 9, y);
      context.moveTo(x, y - 9);
      context.lineTo(x, y + 9);
      context.stroke();
    }
    context.lineWidth = 1;
  }

  /* The request that did not fit: at the right border, as long as it would be. */
  function drawFailure(plot) {
    const { context } = plot;
    if (!facts.failure) return;
    const [x] = place(facts.span, 0);
    if (x < box.left || x > box.left + box.width + 2) return;
    context.fillStyle = Palette.variable("warn");
    context.fillRect(x - 3, box.top, 3, box.height);
  }

  function draw(state) {
    const plot = Plot.begin(canvas);
    const { context } = plot;
    box = { left: Plot.left, top: 17, width: plot.width - Plot.left - Plot.right, height: plot.height - 17 - 40 };
    if (box.width < 10) return;
    context.fillStyle = Palette.variable("free");
    context.fillRect(box.left, box.top, box.width, box.height);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    drawCells(plot, state);
    drawRecords(plot, state);
    context.restore();
    context.strokeStyle = Palette.variable("line");
    context.strokeRect(box.left + 0.5, box.top + 0.5, box.width - 1, box.height - 1);
    Plot.drawBytes(plot, box, state.low, state.high, false);
    Plot.drawCalls(plot, box, facts, state.from, state.to);
    drawMark(plot, state.moment, "", []);
    drawMark(plot, facts.peak.event, "peak", [4, 3]);
    drawFailure(plot);
    drawSpot(plot, state.spot);
    canvas.setAttribute("aria-label", describe(state));
  }

  function describe(state) {
    const whole = state.from === 0 && state.to === facts.span && state.low === 0 && state.high === facts.capacity;
    const seen = whole ? "all of it" : `calls ${Format.count(state.from)} to ${Format.count(state.to)}, ` +
      `offsets ${Format.bytes(state.low)} to ${Format.bytes(state.high)}`;
    return `Map of the region over time, ${seen}, coloured by ${state.colour}. Calls go from left to right, addresses upwards. ` +
      `At the peak, call ${Format.count(facts.peak.event)}, ${Format.bytes(facts.peak.bytes)} are live. ` +
      "Arrow keys tell what a spot is.";
  }

  return { canvas, spotAt, start };
})();
