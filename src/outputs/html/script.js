// Zoom, pointing, keys, filters, and the rows that are too many to be written. Everything can be read without this.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const parsed = (id) => { const element = $(id); return element ? JSON.parse(element.textContent) : null; };
  const data = parsed("rows");
  document.querySelectorAll(".scripted").forEach((element) => { element.hidden = false; });

  // ---- what is told of a row

  // As the page itself writes times: 2026-02-05 14:15:04.870, less what all of them share.
  const whole = (moment) => new Date(moment).toISOString().replace("T", " ").replace("Z", "");
  const shown = (since) => (since === null ? "undated" : whole(data.from + since).slice(data.left_out));
  const place = (source, line) => `${data.sources[source]}:${line}`;
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }
  function time(since) {
    return since === null ? "undated" : element("time", { datetime: new Date(data.from + since).toISOString() }, shown(since));
  }
  const where = (source, line) => element("code", { class: "place" }, place(source, line));

  // ---- biographies

  const lives = [...document.querySelectorAll("details.life")];
  const rowText = new Map();

  function bodyOf(number) {
    let failed = false;
    return data.lives[number].rows.map(([at, columns, became, says, source, line, more]) => {
      const [kind, sign, word] = data.outcomes[became];
      const first = kind === "failed" && !failed;
      failed = failed || first;
      const outcome = element("td", { class: "outcome" }, element("span", { class: "sign", "aria-hidden": "true" }, sign), ` ${word}`);
      if (first) outcome.append(" ", element("b", { class: "mark" }, "first"));
      const words = element("td", { class: "words" }, data.texts[says]);
      if (more) {
        words.append(" ", element("small", {}, `and ${more[0]} more like it, the last `, time(more[1]), " ", where(more[2], more[3])));
      }
      return element("tr", { class: first ? `${kind} first` : kind },
        element("td", {}, time(at)),
        ...columns.map((column) => element("td", { class: "number" }, data.texts[column])),
        outcome, words, element("td", {}, where(source, line)));
    });
  }

  // The table of a biography that was not written, for it is one of many.
  function write(life) {
    const rows = life.querySelector(".rows");
    if (rows.querySelector("table") || !data) return;
    const number = Number(life.dataset.place);
    const name = data.symbols[number];
    const heads = [["Time"], ["Expected", "number"], ["Bot", "number"], ["Broker", "number"], ["Outcome"], ["What"], ["Where"]];
    const head = element("tr", {}, ...heads.map(([title, kind]) => element("th", { scope: "col", class: kind ?? null }, title)));
    const table = element("table", { class: "life" },
      element("caption", { class: "unseen" }, `The biography of ${name}`),
      element("thead", {}, head), element("tbody", {}, ...bodyOf(number)));
    const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": `The biography of ${name}` };
    rows.append(data.lives[number].rows.length ? element("div", region, table) : element("p", {}, "Nothing on the tape."));
    sieve(life);
  }
  lives.forEach((life) => life.addEventListener("toggle", () => { if (life.open) { write(life); sieve(life); } }));

  // ---- filters

  const filter = $("filter"), onlyBroken = $("only-broken"), onlyFailing = $("only-failing"), filtered = $("filtered");

  // All that a row says, in small letters, for the filter.
  function textOf(number) {
    if (!rowText.has(number)) {
      rowText.set(number, data.lives[number].rows.map(([at, , became, says, source, line]) =>
        `${shown(at)} ${data.outcomes[became][2]} ${data.texts[says]} ${place(source, line)}`.toLowerCase()));
    }
    return rowText.get(number);
  }
  const fails = (row) => { const kind = data.outcomes[row[2]][0]; return kind === "failed" || kind === "again"; };
  function wanted(number) {
    const text = filter.value.trim().toLowerCase();
    const named = data.symbols[number].toLowerCase().includes(text);
    const rows = data.lives[number].rows;
    return rows.map((row, index) => (!onlyFailing.checked || fails(row)) && (named || textOf(number)[index].includes(text)));
  }
  function sieve(life) {
    const body = life.querySelector("tbody");
    if (!body || !data) return;
    const keep = wanted(Number(life.dataset.place));
    [...body.rows].forEach((row, index) => { row.hidden = !keep[index]; });
  }
  function sieveAll() {
    let left = 0;
    const text = filter.value.trim().toLowerCase();
    for (const life of lives) {
      const number = Number(life.dataset.place);
      const named = data.symbols[number].toLowerCase().includes(text);
      let visible = !onlyBroken.checked || !life.classList.contains("agrees");
      if (visible && (onlyFailing.checked || !named)) visible = wanted(number).some((row) => row);
      life.hidden = !visible;
      if (visible) { left += 1; if (life.open) sieve(life); }
    }
    const all = !text && !onlyBroken.checked && !onlyFailing.checked;
    filtered.textContent = all ? "" : `${left} of ${lives.length} symbols`;
  }
  if (data) {
    let waiting;
    filter.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(sieveAll, 120); });
    [onlyBroken, onlyFailing].forEach((box) => box.addEventListener("change", sieveAll));
  }

  // ---- links open what they point at

  function reveal(target) {
    for (let up = target; up; up = up.parentElement) {
      if (up.localName === "details") up.open = true;
      if (up.hidden && up.classList.contains("life")) { filter.value = ""; onlyBroken.checked = false; onlyFailing.checked = false; sieveAll(); }
    }
    const life = target.closest("details.life");
    if (life) write(life);
    (target.closest("details.card, details.life") ?? target).scrollIntoView({ block: "start" });
  }
  function goTo(id) {
    const target = $(id);
    if (!target) return;
    reveal(target);
    history.replaceState(null, "", `#${id}`);
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || link.classList.contains("lane") || event.ctrlKey || event.metaKey) return;
    const id = decodeURIComponent(link.getAttribute("href").slice(1));
    if (!$(id)) return;
    event.preventDefault();
    goTo(id);
  });
  if (location.hash) { const target = $(decodeURIComponent(location.hash.slice(1))); if (target) reveal(target); }

  // A biography, at one of its rows.
  function openLife(number, index) {
    const target = $(`life-${data.symbols[number]}`);
    if (!target) return;
    goTo(target.id);
    document.querySelectorAll("tr.pointed").forEach((row) => row.classList.remove("pointed"));
    const row = index === null ? null : target.querySelector("tbody")?.rows[index];
    if (row) { row.hidden = false; row.classList.add("pointed"); row.scrollIntoView({ block: "center" }); }
    target.focus({ preventScroll: true });
  }

  const cards = [...document.querySelectorAll("details.card")];
  $("open-cards")?.addEventListener("click", () => cards.forEach((card) => { card.open = true; }));
  $("close-cards")?.addEventListener("click", () => cards.forEach((card) => { card.open = false; }));

  // ---- the picture

  const picture = $("lanes");
  if (picture && data) draw();

  function draw() {
    const WIDTH = 1e6;
    const lanes = [...picture.querySelectorAll(".lane")];
    const hours = picture.querySelector("svg.hours");
    const grid = hours.querySelector(".grid"), axis = $("axis"), tip = $("tip"), zoomed = $("zoomed");
    let from = 0, until = WIDTH;
    const ofTime = (since) => since / data.span * WIDTH;
    const toTime = (x) => x / WIDTH * data.span;
    // A picture is looked at down to a second.
    const least = Math.max(1000 / data.span * WIDTH, 2);

    const STEPS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000];
    function label() {
      const first = data.from + toTime(from), last = data.from + toTime(until);
      const seconds = (last - first) / 1000;
      const most = Math.max(Math.min(Math.floor(axis.clientWidth / (last - first > 1.5e10 ? 84 : 62)), 9), 1);
      const step = STEPS.find((step) => seconds / step <= most) ?? Math.ceil(seconds / most);
      axis.replaceChildren();
      let lines = "";
      for (let at = (Math.floor(first / 1000 / step) + 1) * step; at * 1000 < last; at += step) {
        const share = (at * 1000 - first) / (last - first);
        const text = document.createElementNS(axis.namespaceURI, "text");
        text.setAttribute("x", `${(share * 100).toFixed(2)}%`);
        text.setAttribute("y", "13");
        const [date, time] = whole(at * 1000).split(" ");
        const days = step >= 86400 || at % 86400 === 0;
        text.textContent = step >= 2592000 ? date : days ? date.slice(5) : time.slice(0, step >= 60 ? 5 : 8);
        axis.append(text);
        if (share < 0.02 || share > 0.975) text.remove();
        lines += `M${Math.round(from + share * (until - from))} 0V1`;
      }
      grid.setAttribute("d", lines);
    }
    function zoom(one, other) {
      const middle = (one + other) / 2, width = Math.min(Math.max(Math.abs(other - one), least), WIDTH);
      from = Math.min(Math.max(middle - width / 2, 0), WIDTH - width);
      until = from + width;
      const whole = width >= WIDTH;
      for (const lane of lanes) lane.lastElementChild.setAttribute("viewBox", `${from} 0 ${width} 58`);
      hours.setAttribute("viewBox", `${from} 0 ${width} 1`);
      label();
      zoomed.textContent = whole ? "" : `${shown(Math.round(toTime(from)))} to ${shown(Math.round(toTime(until)))} UTC`;
      hide();
    }
    const by = (factor, middle = (from + until) / 2) => {
      const width = (until - from) * factor;
      const left = middle - (middle - from) * factor;
      zoom(left, left + width);
    };
    label();
    window.addEventListener("resize", label);
    $("zoom-in").addEventListener("click", () => by(0.5));
    $("zoom-out").addEventListener("click", () => by(2));
    $("zoom-all").addEventListener("click", () => zoom(0, WIDTH));

    // What can be pointed at in a lane: rows and fixes, in order of time.
    const marks = new Map();
    function marksOf(number) {
      if (!marks.has(number)) {
        const life = data.lives[number];
        const all = [];
        life.rows.forEach((row, index) => {
          if (row[0] === null) return;
          all.push({ at: row[0], row, index });
          if (row[6] && row[6][1] !== null) all.push({ at: row[6][1], row, index });
        });
        life.fixes.forEach((fix) => { if (fix[0] !== null) all.push({ at: fix[0], fix, index: null }); });
        all.sort((one, two) => one.at - two.at);
        marks.set(number, all);
      }
      return marks.get(number);
    }
    const loud = (mark) => (mark.row && fails(mark.row) ? 0 : mark.fix ? 1 : 2);

    function near(lane, clientX) {
      const box = lane.lastElementChild.getBoundingClientRect();
      const x = from + (clientX - box.left) / box.width * (until - from);
      const reach = 7 / box.width * (until - from);
      const all = marksOf(Number(lane.dataset.place)).filter((mark) => Math.abs(ofTime(mark.at) - x) <= reach);
      all.sort((one, two) => loud(one) - loud(two) || Math.abs(ofTime(one.at) - x) - Math.abs(ofTime(two.at) - x));
      return { x, all };
    }

    function told(lane, mark, others) {
      const name = data.symbols[Number(lane.dataset.place)];
      const lines = [];
      if (mark.fix) {
        lines.push(element("b", {}, `${name} fix`), element("span", {}, data.texts[mark.fix[1]]), time(mark.fix[0]), where(mark.fix[2], mark.fix[3]));
      } else {
        const [at, columns, became, says, source, line, more] = mark.row;
        const [kind, sign, word] = data.outcomes[became];
        lines.push(element("b", { class: kind }, `${name} ${sign} ${word}`), element("span", {}, data.texts[says]),
          element("span", {}, `expected after it: ${data.texts[columns[0]]}`), time(at), where(source, line));
        if (more) lines.push(element("span", {}, `and ${more[0]} more like it, the last `, time(more[1]), " ", where(more[2], more[3])));
      }
      if (others > 0) lines.push(element("small", {}, `${others} more here: zoom in`));
      return lines;
    }
    function spanAt(lane, x) {
      const since = toTime(x);
      const found = data.lives[Number(lane.dataset.place)].breaks
        .find(([opened, resolved]) => opened !== null && opened <= since && (resolved === null || since <= resolved));
      if (!found) return null;
      const [opened, resolved, words] = found;
      return [element("b", { class: "failed" }, data.symbols[Number(lane.dataset.place)]), element("span", {}, data.texts[words]),
        element("span", {}, "opened ", time(opened), resolved === null ? ", still open" : ", resolved ", resolved === null ? "" : time(resolved))];
    }
    function show(lines, x, y) {
      tip.replaceChildren(...lines);
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      const left = Math.min(Math.max(x + 14, 8), document.documentElement.clientWidth - box.width - 8);
      const below = y + 18 + box.height < window.innerHeight;
      tip.style.left = `${Math.max(left, 8)}px`;
      tip.style.top = `${below ? y + 18 : Math.max(y - box.height - 12, 8)}px`;
    }
    function hide() { tip.hidden = true; }

    // Dragging zooms, a click opens.
    let dragged = null;
    // The click that ends a drag is none; it comes before the pointer is pressed again, if it comes at all.
    let justDragged = false;
    const chosen = element("div", { class: "chosen", hidden: "" });
    picture.append(chosen);
    const inPlot = (lane, clientX) => {
      const box = lane.lastElementChild.getBoundingClientRect();
      return Math.min(Math.max(from + (clientX - box.left) / box.width * (until - from), from), until);
    };
    picture.addEventListener("dragstart", (event) => event.preventDefault());
    picture.addEventListener("pointerdown", (event) => {
      justDragged = false;
      const lane = event.target.closest("a.lane");
      if (!lane || event.button !== 0) return;
      const overName = event.target.closest(".name");
      dragged = { lane, start: event.clientX, moved: false, overName };
    });
    picture.addEventListener("pointermove", (event) => {
      const lane = event.target.closest("a.lane");
      if (dragged && !dragged.overName && Math.abs(event.clientX - dragged.start) > 5) {
        dragged.moved = true;
        picture.setPointerCapture(event.pointerId);
        const box = dragged.lane.lastElementChild.getBoundingClientRect();
        const outer = picture.getBoundingClientRect();
        const [left, right] = [dragged.start, event.clientX].map((x) => Math.min(Math.max(x, box.left), box.right)).sort((a, b) => a - b);
        chosen.hidden = false;
        chosen.style.left = `${left - outer.left}px`;
        chosen.style.width = `${right - left}px`;
        hide();
        return;
      }
      if (!lane || event.pointerType === "touch" || event.target.closest(".name")) { hide(); return; }
      const { x, all } = near(lane, event.clientX);
      const lines = all.length ? told(lane, all[0], new Set(all.map((mark) => mark.row ?? mark.fix)).size - 1) : spanAt(lane, x);
      if (lines) show(lines, event.clientX, event.clientY); else hide();
    });
    picture.addEventListener("pointerleave", hide);
    const end = (event) => {
      chosen.hidden = true;
      if (!dragged) return;
      const { lane, start, moved } = dragged;
      dragged = null;
      if (moved && event.type === "pointerup") {
        justDragged = true;
        zoom(inPlot(lane, start), inPlot(lane, event.clientX));
      }
    };
    picture.addEventListener("pointerup", end);
    picture.addEventListener("pointercancel", end);
    picture.addEventListener("click", (event) => {
      const lane = event.target.closest("a.lane");
      if (!lane) return;
      event.preventDefault();
      const byKey = event.detail === 0;
      if (justDragged && !byKey) return;
      const mark = byKey ? walked.get(lane) : event.target.closest(".name") ? null : near(lane, event.clientX).all[0];
      hide();
      openLife(Number(lane.dataset.place), mark?.index ?? null);
    });

    // Keys: + - 0 zoom, arrows walk along a lane from mark to mark.
    const walked = new Map();
    function walk(lane, step) {
      const all = marksOf(Number(lane.dataset.place));
      if (!all.length) return;
      const before = all.indexOf(walked.get(lane));
      const next = all[before < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(before + step, 0), all.length - 1)];
      walked.set(lane, next);
      const x = ofTime(next.at);
      if (x < from || x > until) zoom(x - (until - from) / 2, x + (until - from) / 2);
      const box = lane.lastElementChild.getBoundingClientRect();
      show(told(lane, next, 0), box.left + (x - from) / (until - from) * box.width, box.top + box.height / 2);
    }
    picture.addEventListener("keydown", (event) => {
      const lane = event.target.closest("a.lane");
      const keys = {
        "+": () => by(0.5), "=": () => by(0.5), "-": () => by(2), "0": () => zoom(0, WIDTH), Escape: hide,
        ArrowRight: () => (lane ? walk(lane, 1) : zoom(from + (until - from) / 4, until + (until - from) / 4)),
        ArrowLeft: () => (lane ? walk(lane, -1) : zoom(from - (until - from) / 4, until - (until - from) / 4)),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    picture.addEventListener("focusout", hide);
  }

  // ---- the whole tape

  const tape = $("tape");
  if (tape && data) {
    const CHUNK = 500;
    let events = null, found = [], written = 0;
    const body = tape.querySelector("tbody"), more = $("tape-more"), told = $("tape-filtered"), search = $("tape-filter");
    const textOfEvent = ([at, sort, symbol, says, source, line]) =>
      `${shown(at)} ${events.texts[sort]} ${symbol === null ? "" : data.symbols[symbol]} ${events.texts[says]} ${place(source, line)}`;
    function writeMore() {
      body.append(...found.slice(written, written + CHUNK).map(([at, sort, symbol, says, source, line]) =>
        element("tr", {}, element("td", {}, time(at)), element("td", {}, events.texts[sort]),
          element("th", { scope: "row" }, symbol === null ? "" : data.symbols[symbol]),
          element("td", { class: "words" }, events.texts[says]), element("td", {}, where(source, line)))));
      written = Math.min(written + CHUNK, found.length);
      more.hidden = written >= found.length;
      more.textContent = `Show ${Math.min(CHUNK, found.length - written)} more`;
      told.textContent = `${written} of ${found.length} shown${found.length < events.events.length ? `, ${events.events.length} in all` : ""}`;
    }
    function search_() {
      const text = search.value.trim().toLowerCase();
      found = text ? events.events.filter((event) => textOfEvent(event).toLowerCase().includes(text)) : events.events;
      written = 0;
      body.replaceChildren();
      writeMore();
    }
    tape.addEventListener("toggle", () => { if (tape.open && !events) { events = parsed("events"); search_(); } });
    let waiting;
    search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { if (events) search_(); }, 150); });
    more.addEventListener("click", writeMore);
  }
})();
