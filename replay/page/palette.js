/* SPDX-License-Identifier: MIT
 * Colours. Ages and sizes have a scale of even lightness, threads and callers the eight colours of Okabe and Ito, which
 * everybody can tell apart; what has no colour of its own is grey. */
const Palette = (() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const ramp = [[225, 220, 38], [122, 209, 81], [53, 183, 121], [33, 145, 140], [49, 104, 142], [65, 68, 135]];
  const apart = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167], [86, 180, 233], [213, 94, 0], [200, 190, 40]];
  const grey = [140, 140, 140];
  let printing = false;

  function isDark() {
    return dark.matches && !printing;
  }

  function css([red, green, blue], alpha = 1) {
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  }

  function variable(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  /* 0: the brightest, 1: the darkest. */
  function scale(share) {
    const at = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
    const below = Math.min(ramp.length - 2, Math.floor(at));
    return ramp[below].map((value, i) => Math.round(value + (ramp[below + 1][i] - value) * (at - below)));
  }

  function category(rank) {
    return rank < apart.length ? apart[rank] : grey;
  }

  function watch(changed) {
    dark.addEventListener("change", changed);
    addEventListener("beforeprint", () => { printing = true; changed(); });
    addEventListener("afterprint", () => { printing = false; changed(); });
  }

  return { category, css, grey, isDark, own: apart.length, scale, variable, watch };
})();
