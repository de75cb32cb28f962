/* SPDX-License-Identifier: MIT
 * The search of the manual. It works from disk: the index is a script, fetched when the search is first used. */
"use strict";

const Search = (() => {
  const most = 20; // results
  const mostOfPage = 3;
  const around = 60; // characters before a word in an excerpt
  let pages = null;
  let sections = null;
  let form, input, list;

  /* Called by the index. */
  function take(index) {
    pages = index.pages.map(([file, title, label, names]) => ({ file, title, label, names: names.map((name) => name.toLowerCase()) }));
    sections = index.sections.map(([page, anchor, heading, text], at) => ({
      page: pages[page], anchor, heading, text, at, low: text.toLowerCase(), lowHeading: heading.toLowerCase(),
      first: at === 0 || index.sections[at - 1][0] !== page,
    }));
    show();
  }

  function load() {
    if (load.begun) return;
    load.begun = true;
    const script = document.createElement("script");
    script.src = "search-index.js";
    document.head.append(script);
  }

  /* How well a section answers to one word: 0 if it does not. A name counts most, then headings, then the text. */
  function weigh(section, word) {
    const { page, lowHeading, low } = section;
    const bare = word.replace(/\(.*$/, "");
    if (lowHeading.replace(/\(\)$/, "") === bare) return 400;
    if (section.first && page.names[0] === bare) return 500;
    if (section.first && page.names.includes(bare)) return 300;
    if (section.first && `${page.title} ${page.label}`.toLowerCase().includes(word)) return 120;
    if (lowHeading.includes(word)) return 60;
    const count = Math.min(low.split(word).length - 1, 8);
    return count === 0 ? 0 : count + (page.names.includes(bare) ? 20 : 0);
  }

  function find(words) {
    const found = [];
    for (const section of sections) {
      let sum = 0;
      for (const word of words) {
        const weight = weigh(section, word);
        sum = weight === 0 ? -Infinity : sum + weight;
      }
      if (sum > 0) found.push({ section, sum });
    }
    found.sort((one, other) => other.sum - one.sum || one.section.at - other.section.at);
    const counts = new Map();
    return found.filter(({ section }) => {
      const count = (counts.get(section.page) || 0) + 1;
      counts.set(section.page, count);
      return count <= mostOfPage;
    }).slice(0, most);
  }

  /* The text around the first of the words, with all words marked. */
  function excerpt(section, words) {
    const places = words.map((word) => section.low.indexOf(word)).filter((place) => place >= 0);
    const from = Math.max(0, (places.length > 0 ? Math.min(...places) : 0) - around);
    const text = section.text.slice(from, from + 3 * around);
    const box = document.createElement("span");
    box.className = "excerpt";
    if (from > 0) box.append("…");
    const low = text.toLowerCase();
    for (let at = 0; at < text.length;) {
      const next = words.map((word) => [low.indexOf(word, at), word.length]).filter(([place]) => place >= 0)
        .sort((one, other) => one[0] - other[0])[0] || [text.length, 0];
      box.append(text.slice(at, next[0]));
      if (next[1] > 0) {
        const mark = document.createElement("mark");
        mark.textContent = text.slice(next[0], next[0] + next[1]);
        box.append(mark);
      }
      at = next[0] + next[1];
    }
    return box;
  }

  function result(section, words) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = section.page.file + (section.anchor ? `#${section.anchor}` : "");
    const title = document.createElement("strong");
    title.textContent = section.page.label;
    link.append(title, section.heading ? ` › ${section.heading}` : "", excerpt(section, words));
    item.append(link);
    return item;
  }

  function note(text) {
    const item = document.createElement("li");
    const words = document.createElement("p");
    words.textContent = text;
    item.append(words);
    return item;
  }

  function show() {
    const words = input.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) return list.replaceChildren();
    if (sections === null) return load();
    const found = find(words);
    list.replaceChildren(...found.map(({ section }) => result(section, words)));
    if (found.length === 0) list.replaceChildren(note("Nothing found."));
    list.scrollTop = 0;
  }

  function close() {
    list.replaceChildren();
    input.blur();
  }

  /* Moves through the results with the arrow keys; the search field is before the first. */
  function move(step) {
    const stops = [input, ...list.querySelectorAll("a")];
    const next = stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement) + step))];
    next.focus();
  }

  function press(event) {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (form.contains(document.activeElement)) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Escape") {
        close();
      }
    }
  }

  function start() {
    form = document.getElementById("manual-search");
    input = form.querySelector("input");
    list = form.querySelector("ol");
    form.hidden = false;
    document.querySelectorAll(".hint").forEach((hint) => { hint.hidden = false; });
    input.addEventListener("focus", load);
    input.addEventListener("input", show);
    input.addEventListener("focus", show);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const first = list.querySelector("a");
      if (first) first.click();
    });
    list.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
    document.addEventListener("click", (event) => { if (!form.contains(event.target)) list.replaceChildren(); });
    document.addEventListener("keydown", press);
    document.documentElement.dataset.ready = "yes";
  }

  return { start, take };
})();

Search.start();
