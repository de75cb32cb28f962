/* SPDX-License-Identifier: MIT
 * Live bytes, fill and the largest free block, on the same axis as the map. */
const Chart = (() => {
  const canvas = document.getElementById("chart");
  const lines = [
    { name: "live, as asked for", field: "live", colour: [0, 114, 178], dash: [], width: 2 },
    { name: "taken by blocks", field: "used", colour: [213, 94, 0], dash: [6, 3], width: 1.5 },
    { name: "largest free block", field: "largest", colour: [0, 158, 115], dash: [2, 3], width: 1.5 },
  ];
  let facts = null;

  function start(given) {
    facts = given;
    View.listen(draw);
    canvas.addEventListener("click", (event) => {
      const area = canvas.getBoundingClientRect();
      const share = (event.clientX - area.left - Plot.left) / (area.width - Plot.left - Plot.right);
      const { from, to } = View.state;
      if (share >= 0 && share < 1) View.set({ moment: Math.floor(from + share * (to - from)) });
    });
    document.getElementById("chart-text").textContent = text();
  }

  function text() {
    const { columns, capacity, peak } = facts;
    const least = columns.largest.reduce((low, value) => Math.min(low, value), capacity);
    return `The most that is live is ${Format.exactBytes(peak.bytes)} in ${Format.count(peak.blocks)} blocks, at call ` +
      `${Format.count(peak.event)} (${Format.time(peak.time)}): ${Format.percent(peak.bytes / capacity)} of the capacity. ` +
      `The largest free block is never smaller than ${Format.bytes(least)} where it was looked at, at the end of each column of the map.`;
  }

  function drawLine(plot, box, state, line) {
    const { context } = plot;
    const values = facts.columns[line.field];
    const width = facts.shape.width;
    const first = Math.max(0, Math.floor(state.from / width) - 1);
    const last = Math.min(values.length - 1, Math.ceil(state.to / width));
    context.strokeStyle = Palette.css(Palette.isDark() ? line.colour.map((part) => Math.round(part + (255 - part) * 0.35)) : line.colour);
    context.lineWidth = line.width;
    context.setLineDash(line.dash);
    context.beginPath();
    for (let i = first; i <= last; i++) {
      const y = box.top + box.height - values[i] / facts.capacity * box.height;
      const start = box.left + (i * width - state.from) / (state.to - state.from) * box.width;
      const end = box.left + ((i + 1) * width - state.from) / (state.to - state.from) * box.width;
      context.lineTo(start, y);
      context.lineTo(end, y);
    }
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  function drawLegend(plot, box) {
    const { context } = plot;
    let x = box.left;
    let y = 8;
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (const line of lines) {
      const width = context.measureText(line.name).width + 46;
      if (x > box.left && x + width > plot.width) {
        x = box.left;
        y += 15;
      }
      context.strokeStyle = Palette.css(line.colour);
      context.lineWidth = line.width;
      context.setLineDash(line.dash);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 24, y);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = Palette.variable("ink");
      context.fillText(line.name, x + 29, y);
      x += width;
    }
    context.lineWidth = 1;
  }

  /* The same scale in percent, at the right border. */
  function drawPercent(plot, box) {
    const { context } = plot;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillStyle = Palette.variable("soft");
    for (const share of [0, 0.5, 1]) {
      const y = box.top + box.height * (1 - share);
      context.fillText(`${share * 100} %`, box.left + box.width + 4, Math.max(box.top + 6, y));
    }
  }

  function drawMarks(plot, box, state) {
    const { context } = plot;
    const at = (event) => box.left + (event - state.from) / (state.to - state.from) * box.width;
    context.strokeStyle = Palette.variable("mark");
    const moment = at(state.moment);
    if (moment >= box.left && moment <= box.left + box.width) {
      context.beginPath();
      context.moveTo(moment, box.top);
      context.lineTo(moment, box.top + box.height);
      context.stroke();
    }
    const x = at(facts.peak.event);
    const y = box.top + box.height * (1 - facts.peak.bytes / facts.capacity);
    if (x < box.left || x > box.left + box.width) return;
    context.fillStyle = Palette.variable("mark");
    context.beginPath();
    context.arc(x, y, 4, 0, 2 * Math.PI);
    context.fill();
    Plot.label(plot, `peak ${Format.bytes(facts.peak.bytes)}`, x, Math.max(box.top, y - 22), box);
  }

  function draw(state) {
    const plot = Plot.begin(canvas);
    const { context } = plot;
    const top = plot.width < 560 ? 36 : 20;
    const box = { left: Plot.left, top, width: plot.width - Plot.left - Plot.right, height: plot.height - top - 40 };
    if (box.width < 10) return;
    Plot.drawBytes(plot, box, 0, facts.capacity, true);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 2, box.width, box.height + 4);
    context.clip();
    for (const line of lines) drawLine(plot, box, state, line);
    context.restore();
    drawMarks(plot, box, state);
    drawPercent(plot, box);
    drawLegend(plot, box);
    Plot.drawCalls(plot, box, facts, state.from, state.to);
    canvas.setAttribute("aria-label", `Chart of live bytes, bytes taken by blocks, and the largest free block. ${text()}`);
  }

  return { start };
})();
