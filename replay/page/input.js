/* SPDX-License-Identifier: MIT
 * Mouse, wheel, keys and buttons of the map. */
const Input = (() => {
  const canvas = Map2D.canvas;
  let facts = null;
  let drag = null; /* where a button went down: { x, y, from, to, low, high, box, moved } */

  function start(given) {
    facts = given;
    canvas.addEventListener("wheel", wheel, { passive: false });
    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("dblclick", (event) => zoomAt(spotOf(event), 0.5, 0.5));
    canvas.addEventListener("keydown", key);
    for (const button of document.querySelectorAll("[data-do]"))
      button.addEventListener("click", () => act(button.dataset.do));
  }

  function spotOf(event) {
    const area = canvas.getBoundingClientRect();
    return Map2D.spotAt(event.clientX - area.left, event.clientY - area.top);
  }

  function zoomAt(spot, time, address) {
    const { from, to, low, high } = View.state;
    const at = spot || { event: (from + to) / 2, address: (low + high) / 2 };
    View.zoom(at.event, at.address, time, address);
  }

  function act(name) {
    const seen = View.state.spot;
    const acts = {
      in: () => zoomAt(seen, 0.5, 0.5),
      out: () => zoomAt(seen, 2, 2),
      earlier: () => View.pan(-0.25, 0),
      later: () => View.pan(0.25, 0),
      higher: () => View.pan(0, 0.25),
      lower: () => View.pan(0, -0.25),
      all: () => View.all(),
    };
    acts[name]();
  }

  /* The wheel belongs to the page until the map was clicked. */
  function wheel(event) {
    if (document.activeElement !== canvas && !event.ctrlKey && !event.metaKey) return;
    const spot = spotOf(event);
    if (!spot) return;
    event.preventDefault();
    const factor = 1.2 ** (Math.sign(event.deltaY || event.deltaX));
    zoomAt(spot, event.shiftKey ? 1 : factor, event.altKey ? 1 : factor);
  }

  function down(event) {
    if (event.button !== 0 || !spotOf(event)) return;
    const { from, to, low, high } = View.state;
    drag = { x: event.clientX, y: event.clientY, from, to, low, high, start: spotOf(event), box: event.shiftKey, moved: false };
    canvas.setPointerCapture(event.pointerId);
  }

  function move(event) {
    const spot = spotOf(event);
    if (drag === null) {
      if (spot) View.set({ spot });
      return;
    }
    const area = canvas.getBoundingClientRect();
    const right = (event.clientX - drag.x) / (area.width - Plot.left - Plot.right);
    const down = (event.clientY - drag.y) / area.height;
    drag.moved = drag.moved || Math.abs(event.clientX - drag.x) + Math.abs(event.clientY - drag.y) > 4;
    if (drag.box) View.set({ spot: spot || View.state.spot });
    else if (drag.moved)
      View.look(drag.from - right * (drag.to - drag.from), drag.to - drag.from,
        drag.low + down * (drag.high - drag.low), drag.high - drag.low);
  }

  function up(event) {
    if (drag === null) return;
    const spot = spotOf(event);
    if (drag.box && spot && drag.moved)
      View.look(Math.min(spot.event, drag.start.event), Math.abs(spot.event - drag.start.event),
        Math.min(spot.address, drag.start.address), Math.abs(spot.address - drag.start.address));
    else if (!drag.moved && spot) View.set({ spot, moment: Math.floor(spot.event) });
    drag = null;
  }

  /* Moves the cross by so many pixels. */
  function step(right, upwards) {
    const { from, to, low, high } = View.state;
    const spot = View.state.spot || { event: (from + to) / 2, address: (low + high) / 2 };
    const dx = Math.max(1, (to - from) / 400);
    const dy = Math.max(8, (high - low) / 200);
    const moved = {
      event: Math.max(0, Math.min(facts.span - 0.5, spot.event + right * dx)),
      address: Math.max(0, Math.min(facts.capacity - 1, spot.address + upwards * dy)),
    };
    View.show(moved.event, moved.address);
    View.set({ spot: moved });
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 10 : 1;
    const { spot, low, high } = View.state;
    const address = spot ? spot.address : (low + high) / 2;
    const go = (call) => { View.show(call, address); View.set({ spot: { event: call, address }, moment: Math.floor(call) }); };
    const keys = {
      ArrowLeft: () => step(-far, 0),
      ArrowRight: () => step(far, 0),
      ArrowUp: () => step(0, far),
      ArrowDown: () => step(0, -far),
      "+": () => act("in"),
      "=": () => act("in"),
      "-": () => act("out"),
      "[": () => act("earlier"),
      "]": () => act("later"),
      "{": () => act("higher"),
      "}": () => act("lower"),
      0: () => act("all"),
      Home: () => go(0),
      End: () => go(facts.span - 0.5),
      p: () => go(facts.peak.event),
      P: () => go(facts.peak.event),
      Enter: () => View.set({ moment: Math.floor((spot || { event: View.state.moment }).event) }),
      Escape: () => View.set({ caller: -1 }),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  return { start };
})();
