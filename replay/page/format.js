/* SPDX-License-Identifier: MIT
 * How numbers are told. */
const Format = (() => {
  const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

  function count(value) {
    return plain.format(value);
  }

  /* 1536: "1.5 KiB" */
  function bytes(value) {
    let unit = 0;
    let scaled = value;
    while (scaled >= (unit === 0 ? 1024 : 1023.5) && unit + 1 < units.length) {
      scaled /= 1024;
      unit++;
    }
    if (unit === 0) return value === 1 ? "1 byte" : `${plain.format(value)} bytes`;
    return `${scaled >= 100 ? plain.format(scaled) : rounded.format(scaled)} ${units[unit]}`;
  }

  /* With the exact number beside it, if that says more. */
  function exactBytes(value) {
    return value < 1024 ? bytes(value) : `${bytes(value)} (${count(value)} bytes)`;
  }

  /* 25300: "25.3 k" */
  function short(value) {
    if (value < 1e4) return plain.format(value);
    if (value < 1e6) return `${rounded.format(value / 1e3)} k`;
    if (value < 1e9) return `${rounded.format(value / 1e6)} M`;
    return `${rounded.format(value / 1e9)} G`;
  }

  /* Of microseconds. */
  function time(value) {
    if (value > 0 && value < 1) return `${rounded.format(value * 1e3)} ns`;
    if (value < 1000) return `${rounded.format(value)} µs`;
    if (value < 1e6) return `${rounded.format(value / 1e3)} ms`;
    if (value < 120e6) return `${rounded.format(value / 1e6)} s`;
    if (value < 7200e6) return `${Math.floor(value / 60e6)} min ${Math.round(value % 60e6 / 1e6)} s`;
    return `${Math.floor(value / 3600e6)} h ${Math.round(value % 3600e6 / 60e6)} min`;
  }

  function percent(share) {
    if (share > 0 && share < 0.001) return "< 0.1 %";
    return `${rounded.format(share * 100)} %`;
  }

  function address(value) {
    return `0x${Math.floor(value).toString(16)}`;
  }

  /* The values of place n of a histogram by powers of two: from the first to the last. */
  function octave(place) {
    return place === 0 ? [0, 0] : [2 ** (place - 1), 2 ** place - 1];
  }

  function octaveOfBytes(place) {
    const [low, high] = octave(place);
    if (place <= 1) return bytes(low);
    return place <= 10 ? `${low} – ${high} bytes` : `${bytes(low)} – ${bytes(high + 1)}`;
  }

  return { address, bytes, count, exactBytes, octave, octaveOfBytes, percent, short, time };
})();
