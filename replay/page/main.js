/* SPDX-License-Identifier: MIT
 * Unpacks the data, and starts everything. */
const Main = (() => {
  /* Radio buttons for what the map is coloured by. */
  function colours() {
    const box = document.getElementById("colours");
    const known = Colours.known();
    View.state.colour = known[0];
    for (const way of known) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = "colour";
      input.value = way;
      input.checked = way === View.state.colour;
      input.addEventListener("change", () => View.set({ colour: way }));
      label.append(input, ` ${Colours.ways[way]}`);
      box.append(label);
    }
  }

  /* Keeps the legend as the map is. */
  function legend() {
    let told = "";
    View.listen((state) => {
      if (told === state.colour) return;
      told = state.colour;
      document.getElementById("legend").replaceChildren(...Colours.legend(state.colour));
    });
  }

  /* The number of the moment to begin with: the failure, or else the peak. */
  function firstMoment(facts) {
    const { moments } = facts;
    const found = moments.find((moment) => moment.reason === "failure") ||
      moments.find((moment) => moment.reason === "peak") || moments[moments.length - 1];
    return found.event;
  }

  async function start() {
    const facts = await Data.open();
    await Tiles.start(facts, View.changed);
    View.start(facts);
    Colours.start(facts);
    View.state.moment = firstMoment(facts);
    colours();
    legend();
    Summary.start(facts);
    for (const part of [Spot, Map2D, Chart, Moment, Input, Callers]) part.start(facts);
    Palette.watch(View.changed);
    new ResizeObserver(View.changed).observe(document.body);
    View.changed();
    requestAnimationFrame(() => { document.documentElement.dataset.ready = "yes"; });
  }

  start().catch((error) => {
    document.getElementById("verdict").textContent = `This page cannot be shown: ${error.message}`;
    throw error;
  });
})();
