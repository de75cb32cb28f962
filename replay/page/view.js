/* SPDX-License-Identifier: MIT
 * What is looked at: a part of calls and addresses, a moment, a spot, colours, a caller. Whoever shows it listens. */
const View = (() => {
  const listeners = [];
  const state = { from: 0, to: 1, low: 0, high: 1, moment: 0, spot: null, colour: "age", caller: -1 };
  let facts = null;
  let waiting = false;

  function start(given) {
    facts = given;
    Object.assign(state, { to: facts.span, high: facts.capacity });
  }

  function listen(listener) {
    listeners.push(listener);
  }

  /* Listeners are called once, before the next picture. */
  function changed() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      for (const listener of listeners) listener(state);
    });
  }

  function set(values) {
    Object.assign(state, values);
    changed();
  }

  /* Keeps a range of a length within 0 and all. */
  function clamp(from, length, all, least) {
    const kept = Math.max(Math.min(length, all), Math.min(least, all));
    const begin = Math.max(0, Math.min(all - kept, from));
    return [begin, begin + kept];
  }

  function look(from, length, low, height) {
    [state.from, state.to] = clamp(from, length, facts.span, 4);
    [state.low, state.high] = clamp(low, height, facts.capacity, 64);
    changed();
  }

  /* Zooms so that a spot stays where it is. */
  function zoom(event, address, factorTime, factorAddress) {
    look(event - (event - state.from) * factorTime, (state.to - state.from) * factorTime,
      address - (address - state.low) * factorAddress, (state.high - state.low) * factorAddress);
  }

  /* Moves by parts of what is seen. */
  function pan(time, address) {
    const length = state.to - state.from;
    const height = state.high - state.low;
    look(state.from + time * length, length, state.low + address * height, height);
  }

  function all() {
    look(0, facts.span, 0, facts.capacity);
  }

  /* Moves so little that a spot is seen. */
  function show(event, address) {
    const length = state.to - state.from;
    const height = state.high - state.low;
    const from = event < state.from ? event : event > state.to ? event - length : state.from;
    const low = address < state.low ? address : address > state.high ? address - height : state.low;
    look(from, length, low, height);
  }

  return { all, changed, listen, look, pan, set, show, start, state, zoom };
})();
