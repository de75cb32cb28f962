/* SPDX-License-Identifier: MIT
 * Charts of bars that are tables: whoever does not see the bars reads the figures. */
const Bars = (() => {
  function cell(kind, text, className) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /* rows: { name, value, text, swatch, request }; options: { names: whether names may be cut }. */
  function table(title, rows, options = {}) {
    const made = document.createElement("table");
    made.className = "bars";
    made.append(cell("caption", title));
    const body = made.createTBody();
    const most = rows.reduce((value, row) => Math.max(value, row.value), 0) || 1;
    for (const row of rows) {
      const line = body.insertRow();
      if (row.request) line.className = "request";
      const name = cell("th", "", options.names ? "name" : "");
      name.scope = "row";
      name.title = row.name;
      if (row.swatch) name.append(row.swatch);
      name.append(row.name);
      const bar = cell("td", "", "bar");
      bar.setAttribute("aria-hidden", "true");
      const span = document.createElement("span");
      span.style.width = `${row.value / most * 100}%`;
      bar.append(span);
      line.append(name, cell("td", row.text, "figure"), bar);
    }
    if (rows.length === 0) body.insertRow().append(cell("td", "none", "figure"));
    return made;
  }

  /* The rows of a histogram by powers of two, without the empty ones at both ends. */
  function octaves(counts, name, text) {
    const first = counts.findIndex((count) => count > 0);
    return first < 0 ? [] : counts.slice(first).map((count, i) => ({
      name: name(i + first), value: count, text: text(count, i + first),
    }));
  }

  return { cell, octaves, table };
})();
