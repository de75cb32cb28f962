/* SPDX-License-Identifier: MIT
 * Unpacks what the page carries: facts (JSON), and a pack of parts, all deflated and in base64. */
const Data = (() => {
  let pack = null;

  function fromBase64(id) {
    const text = atob(document.getElementById(id).textContent.trim());
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  async function inflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /* A part of the pack. */
  function part([offset, bytes]) {
    return inflate(pack.subarray(offset, offset + bytes));
  }

  /* Reads numbers in LEB128, one after another. */
  function reader(bytes) {
    let at = 0;
    return () => {
      let value = 0;
      let scale = 1;
      let byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte & 128);
      return value;
    };
  }

  function readColumns(bytes, count) {
    const columns = { time: [], live: [], used: [], largest: [], blocks: [] };
    const next = reader(bytes);
    let time = 0;
    for (let i = 0; i < count; i++) {
      time += next();
      columns.time.push(time);
      columns.live.push(next());
      columns.used.push(next());
      columns.largest.push(next());
      columns.blocks.push(next());
    }
    return columns;
  }

  /* A list of fields, each an array; until and untilTime are Infinity for what was not freed. */
  function readRecords(bytes, count) {
    const names = ["offset", "bytes", "size", "from", "fromTime", "until", "untilTime", "caller", "thread", "moments"];
    const next = reader(bytes);
    const records = { count };
    for (const name of names) {
      records[name] = new Float64Array(count);
      for (let i = 0; i < count; i++) records[name][i] = next();
    }
    for (let i = 0; i < count; i++) {
      if (i > 0) records.from[i] += records.from[i - 1];
      records.until[i] = records.until[i] === 0 ? Infinity : records.from[i] + records.until[i] - 1;
      records.untilTime[i] = records.untilTime[i] === 0 ? Infinity : records.fromTime[i] + records.untilTime[i] - 1;
    }
    return records;
  }

  /* Everything but the tiles: see Tiles. */
  async function open() {
    const facts = JSON.parse(new TextDecoder().decode(await inflate(fromBase64("facts"))));
    pack = fromBase64("pack");
    const [columns, records] = await Promise.all([part(facts.columnsPart), part(facts.recordsPart)]);
    facts.columns = readColumns(columns, facts.shape.columns);
    facts.records = readRecords(records, facts.recordCount);
    facts.span = Math.max(1, facts.events);
    facts.failedAt = facts.failure ? facts.failure.event : null;
    return facts;
  }

  /* The column of the map that a call is in. */
  function columnOf(facts, event) {
    const column = Math.floor(event / facts.shape.width);
    return Math.max(0, Math.min(facts.shape.columns - 1, column));
  }

  /* The clock at a call, in microseconds. */
  function timeOf(facts, event) {
    const column = columnOf(facts, event);
    const start = facts.columns.time[column];
    const end = column + 1 < facts.shape.columns ? facts.columns.time[column + 1] : facts.time;
    const share = (event - column * facts.shape.width) / facts.shape.width;
    return start + (end - start) * Math.max(0, Math.min(1, share));
  }

  return { columnOf, open, part, timeOf };
})();
