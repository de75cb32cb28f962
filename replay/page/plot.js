/* SPDX-License-Identifier: MIT
 * What pictures have in common: a canvas as sharp as the screen, margins, and axes of calls, the clock and bytes. */
const Plot = (() => {
  const left = 76;
  const right = 46;
  const font = "12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

  /* Makes the canvas as large as it is shown. */
  function begin(canvas) {
    const ratio = Math.max(1, devicePixelRatio || 1);
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = font;
    return { context, width, height };
  }

  /* 1, 2 or 5 times a power of ten. */
  function step(rough) {
    const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
    return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
  }

  function ticks(from, to, by) {
    const found = [];
    for (let value = Math.ceil(from / by) * by; value <= to; value += by) found.push(value);
    return found;
  }

  function tickCalls(from, to, width) {
    return ticks(from, to, step((to - from) / Math.max(2, width / 110)));
  }

  function tickBytes(low, high, height) {
    const rough = (high - low) / Math.max(2, height / 55);
    return ticks(low, high, 2 ** Math.ceil(Math.log2(Math.max(1, rough))));
  }

  /* Calls in one line, the clock in the next. */
  function drawCalls(plot, box, facts, from, to) {
    const { context } = plot;
    context.textBaseline = "top";
    context.textAlign = "center";
    context.strokeStyle = Palette.variable("line");
    for (const call of tickCalls(from, to, box.width)) {
      const x = box.left + (call - from) / (to - from) * box.width;
      context.beginPath();
      context.moveTo(x, box.top + box.height);
      context.lineTo(x, box.top + box.height + 4);
      context.stroke();
      if (x > box.left + box.width - 20) continue;
      context.fillStyle = Palette.variable("ink");
      context.fillText(Format.short(call), x, box.top + box.height + 6);
      context.fillStyle = Palette.variable("soft");
      context.fillText(Format.time(Data.timeOf(facts, call)), x, box.top + box.height + 21);
    }
    context.textAlign = "left";
    context.fillStyle = Palette.variable("soft");
    context.fillText("call", 2, box.top + box.height + 6);
    context.fillText("clock", 2, box.top + box.height + 21);
  }

  function drawBytes(plot, box, low, high, lines) {
    const { context } = plot;
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.strokeStyle = Palette.variable("line");
    for (const bytes of tickBytes(low, high, box.height)) {
      const y = box.top + box.height - (bytes - low) / (high - low) * box.height;
      context.beginPath();
      context.moveTo(box.left - 4, y);
      context.lineTo(lines ? box.left + box.width : box.left, y);
      context.stroke();
      context.fillStyle = Palette.variable("ink");
      context.fillText(Format.bytes(bytes), box.left - 7, Math.max(7, y));
    }
  }

  /* A word about a point, within the box. */
  function label(plot, word, x, y, box) {
    const { context } = plot;
    const width = context.measureText(word).width + 8;
    const at = Math.min(box.left + box.width - width, Math.max(box.left, x - width / 2));
    context.fillStyle = Palette.variable("card");
    context.fillRect(at, y, width, 15);
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillStyle = Palette.variable("ink");
    context.fillText(word, at + 4, y + 1);
  }

  return { begin, drawBytes, drawCalls, label, left, right };
})();
