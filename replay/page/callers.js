/* SPDX-License-Identifier: MIT
 * The table of callers: headings sort it, names highlight blocks in the map. */
const Callers = (() => {
  const FIRST = 40;
  const fields = [
    { key: "name", name: "Caller", text: (caller) => caller.name },
    { key: "most", name: "Most live", text: (caller) => Format.bytes(caller.most) },
    { key: "peak", name: "At the peak", text: (caller) => Format.bytes(caller.peak) },
    { key: "live", name: "At the end", text: (caller) => Format.bytes(caller.live) },
    { key: "blocks", name: "Blocks at the end", text: (caller) => Format.count(caller.blocks) },
    { key: "allocs", name: "Calls", text: (caller) => Format.count(caller.allocs) },
    { key: "bytes", name: "Bytes in all", text: (caller) => Format.bytes(caller.bytes) },
    { key: "lifetime", name: "Mean lifetime", text: (caller) => (caller.lifetime < 0 ? "–" : `${Format.short(caller.lifetime)} calls`) },
  ];
  const table = document.getElementById("callers");
  const more = document.getElementById("callers-more");
  let facts = null;
  let order = { key: "most", descending: true };
  let shown = FIRST;

  function start(given) {
    facts = given;
    more.addEventListener("click", () => { shown = Infinity; fill(); });
    fillHead();
    fill();
    View.listen(mark);
  }

  function fillHead() {
    const row = table.createTHead().insertRow();
    for (const field of fields) {
      const head = document.createElement("th");
      const button = document.createElement("button");
      head.scope = "col";
      head.dataset.key = field.key;
      button.type = "button";
      button.addEventListener("click", () => sortBy(field.key));
      head.append(button);
      row.append(head);
    }
  }

  function sortBy(key) {
    order = { key, descending: order.key === key ? !order.descending : key !== "name" };
    fill();
  }

  function compare(one, other) {
    const a = facts.callers[one][order.key];
    const b = facts.callers[other][order.key];
    const ascending = order.key === "name" ? a.localeCompare(b) : a - b;
    return (order.descending ? -ascending : ascending) || one - other;
  }

  function fill() {
    for (const head of table.tHead.rows[0].cells) {
      const field = fields.find(({ key }) => key === head.dataset.key);
      const sorted = order.key === field.key;
      head.setAttribute("aria-sort", sorted ? (order.descending ? "descending" : "ascending") : "none");
      head.firstChild.textContent = field.name + (sorted ? (order.descending ? " ▾" : " ▴") : "");
    }
    const sorted = facts.callers.map((_, i) => i).sort(compare);
    const body = document.createElement("tbody");
    body.append(...sorted.slice(0, shown).map(row));
    if (table.tBodies.length > 0) table.tBodies[0].remove();
    table.append(body);
    more.hidden = sorted.length <= shown;
    more.textContent = `Show all ${Format.count(sorted.length)}`;
    mark(View.state);
  }

  function row(index) {
    const caller = facts.callers[index];
    const line = document.createElement("tr");
    const head = document.createElement("th");
    const button = document.createElement("button");
    head.scope = "row";
    button.type = "button";
    button.dataset.caller = String(index);
    button.append(Colours.swatch(Palette.category(caller.rank)), caller.name);
    button.addEventListener("click", () => View.set({ caller: View.state.caller === index ? -1 : index }));
    head.append(button);
    if (caller.stack) head.append(Bars.cell("span", `← ${caller.stack.join(" ← ")}`, "stack"));
    line.append(head, ...fields.slice(1).map((field) => Bars.cell("td", field.text(caller))));
    return line;
  }

  function mark(state) {
    for (const button of table.querySelectorAll("[data-caller]"))
      button.setAttribute("aria-pressed", String(Number(button.dataset.caller) === state.caller));
    const note = document.getElementById("highlight");
    note.hidden = state.caller < 0;
    if (state.caller < 0) return;
    const caller = facts.callers[state.caller];
    const exact = caller.rank < 63 ? "cells where it has the most, and its blocks that are known exactly"
      : "one of the callers with few bytes: its blocks that are known exactly alone";
    const clear = document.createElement("button");
    clear.type = "button";
    clear.textContent = "Clear";
    clear.addEventListener("click", () => View.set({ caller: -1 }));
    note.replaceChildren(`Highlighted: ${caller.name} (${exact}). `, clear);
  }

  return { start };
})();
