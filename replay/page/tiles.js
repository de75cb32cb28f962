/* SPDX-License-Identifier: MIT
 * The map's cells, in tiles at several scales. Tiles are unpacked when they are looked at; those of the coarsest scale at
 * once. A cell has five bytes: see replay/map.h. */
const Tiles = (() => {
  const SIDE = 256;
  const FULL = 15;
  const planes = ["use", "age", "size", "thread", "caller"];
  let facts = null;
  let scales = []; /* { columns, rows, factor, tiles: a Map by "column,row" } */
  let arrived = () => {};

  async function start(given, changed) {
    facts = given;
    arrived = changed;
    scales = facts.scales.map(([columns, rows, halvings]) => ({ columns, rows, factor: 2 ** halvings, tiles: new Map() }));
    for (const [scale, column, row, offset, bytes] of facts.tiles) {
      const tile = {
        column, row, part: [offset, bytes], cells: null, asked: false, images: new Map(),
        columns: Math.min(SIDE, scales[scale].columns - column),
        rows: Math.min(SIDE, scales[scale].rows - row),
      };
      scales[scale].tiles.set(`${column},${row}`, tile);
    }
    await Promise.all([...scales[0].tiles.values()].map(unpack));
  }

  async function unpack(tile) {
    tile.asked = true;
    const bytes = await Data.part(tile.part);
    const size = tile.columns * tile.rows;
    tile.cells = {};
    planes.forEach((name, i) => { tile.cells[name] = bytes.subarray(i * size, (i + 1) * size); });
  }

  /* A tile's cells, if they are here; else they will be, and then the picture is drawn anew. */
  function ask(tile) {
    if (!tile.asked) unpack(tile).then(arrived);
    return tile.cells !== null;
  }

  /* Calls and bytes of a cell. */
  function cellWidth(scale) {
    return facts.shape.width * scale.factor;
  }

  function cellHeight(scale) {
    return facts.shape.height * scale.factor;
  }

  function tileAt(scale, column, row) {
    return scale.tiles.get(`${column - column % SIDE},${row - row % SIDE}`);
  }

  /* What is known of a spot, by the finest tile that there is. */
  function cell(event, address) {
    for (let i = scales.length; i-- > 0;) {
      const scale = scales[i];
      const column = Math.min(scale.columns - 1, Math.floor(event / cellWidth(scale)));
      const row = Math.min(scale.rows - 1, Math.floor(address / cellHeight(scale)));
      const tile = tileAt(scale, column, row);
      if (!tile || !ask(tile)) continue;
      const at = (row - tile.row) * tile.columns + column - tile.column;
      const found = {
        from: column * cellWidth(scale), to: Math.min(facts.span, (column + 1) * cellWidth(scale)),
        low: row * cellHeight(scale), high: Math.min(facts.capacity, (row + 1) * cellHeight(scale)),
      };
      for (const name of planes) found[name] = tile.cells[name][at];
      return found;
    }
    return null;
  }

  /* The share of use of each row in the column of a call, lowest address first; and the other planes. */
  function column(event) {
    for (let i = scales.length; i-- > 0;) {
      const scale = scales[i];
      const x = Math.min(scale.columns - 1, Math.floor(event / cellWidth(scale)));
      const found = { rows: scale.rows, height: cellHeight(scale) };
      for (const name of planes) found[name] = new Uint8Array(scale.rows);
      let whole = true;
      for (let row = 0; row < scale.rows && whole; row += SIDE) {
        const tile = tileAt(scale, x, row);
        whole = Boolean(tile) && ask(tile);
        for (let y = 0; whole && y < tile.rows; y++)
          for (const name of planes) found[name][row + y] = tile.cells[name][y * tile.columns + x - tile.column];
      }
      if (whole) return found;
    }
    return null;
  }

  /* Opacity of a cell: what is used in part lies between free and full. */
  function alpha(use) {
    return use === 0 ? 0 : use >= FULL ? 1 : 0.22 + 0.7 * use / FULL;
  }

  /* A tile as a picture, its lowest address at the bottom. */
  function draw(tile, colours) {
    if (tile.images.has(colours.key)) return tile.images.get(colours.key);

    const canvas = document.createElement("canvas");
    canvas.width = tile.columns;
    canvas.height = tile.rows;
    const context = canvas.getContext("2d");
    const image = context.createImageData(tile.columns, tile.rows);
    const pixels = image.data;
    const values = tile.cells[colours.plane];
    let to = 0;
    for (let row = tile.rows - 1; row >= 0; row--) {
      for (let x = row * tile.columns; x < (row + 1) * tile.columns; x++, to += 4) {
        const use = tile.cells.use[x];
        if (use === 0) continue;
        const [red, green, blue] = colours.of[values[x]];
        const dim = colours.caller < 0 || tile.cells.caller[x] === colours.caller ? 1 : 0.13;
        pixels[to] = red;
        pixels[to + 1] = green;
        pixels[to + 2] = blue;
        pixels[to + 3] = 255 * alpha(use) * dim;
      }
    }
    context.putImageData(image, 0, 0);
    if (tile.images.size > 2) tile.images.clear();
    tile.images.set(colours.key, canvas);
    return canvas;
  }

  /* Draws what is seen, coarse tiles below fine ones. place(event, address) gives a point. */
  function paint(context, view, pixels, colours, place) {
    const wanted = scales.findIndex((scale) =>
      cellWidth(scale) * pixels.x <= 1.2 && cellHeight(scale) * pixels.y <= 1.2);
    const last = wanted < 0 ? scales.length - 1 : wanted;
    for (let i = 0; i <= last; i++) {
      const scale = scales[i];
      for (const tile of scale.tiles.values()) {
        const from = tile.column * cellWidth(scale);
        const to = (tile.column + tile.columns) * cellWidth(scale);
        const low = tile.row * cellHeight(scale);
        const high = (tile.row + tile.rows) * cellHeight(scale);
        if (to <= view.from || from >= view.to || high <= view.low || low >= view.high || !ask(tile)) continue;
        const [left, bottom] = place(from, low);
        const [right, top] = place(to, high);
        context.imageSmoothingEnabled = (right - left) < tile.columns && (bottom - top) < tile.rows;
        context.clearRect(left, top, right - left, bottom - top);
        context.drawImage(draw(tile, colours), left, top, right - left, bottom - top);
      }
    }
  }

  /* How large a cell of the finest scale is. */
  function finest() {
    const scale = scales[scales.length - 1];
    return { width: cellWidth(scale), height: cellHeight(scale) };
  }

  return { FULL, alpha, cell, column, finest, paint, start };
})();
