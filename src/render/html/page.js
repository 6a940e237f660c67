"use strict";
(() => {
  const MORE = 100;
  const byId = (id) => document.getElementById(id);
  const read = (block) => JSON.parse(block.textContent);
  const blocks = [...document.querySelectorAll("script.batch")];
  if (!blocks.length) return;
  const words = read(byId("words"));
  const all = blocks.reduce((sum, block) => sum + Number(block.dataset.count), 0);
  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  const releases = (n) => grouped(n) + (Number(n) === 1 ? " release" : " releases");

  // An element. What is of others is only ever text in it.
  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const batches = new Map();
  const batch = (block) => {
    if (!batches.has(block)) batches.set(block, read(block));
    return batches.get(block);
  };

  // A moment: seconds and minutes east of UTC, beside a base of the same.
  const moment = (parts, base) => {
    const seconds = parts[0] + (base ? base[0] : 0);
    const east = (parts[1] || 0) + ((base && base[1]) || 0);
    const date = new Date((seconds + east * 60) * 1000).toISOString();
    const two = (n) => String(Math.floor(n)).padStart(2, "0");
    const zone = (east < 0 ? "-" : "+") + two(Math.abs(east) / 60) + ":" + two(Math.abs(east) % 60);
    return make("time", { datetime: date.slice(0, -5) + (east ? zone : "Z") },
      date.slice(0, -8).replace("T", " ") + " " + (east ? zone : "UTC"));
  };

  const sign = (word) => {
    const [mark, tone] = words.signs[word];
    return make("span", { class: "sign " + tone }, make("span", { class: "mark", "aria-hidden": "true" }, mark), word);
  };
  const hex = (digits) => make("code", { class: "hex" }, digits);

  // What a packed cell comes to: a list of nodes and texts.
  const cell = (value, of) => {
    if (typeof value === "number") return cell(of.shared[value], of);
    if (!Array.isArray(value)) return [value];
    const [kind, a, b] = value;
    switch (kind) {
      case "p": return [make("span", { class: "who" }, a + " ", make("span", { class: "email" }, b))];
      case "s": return [sign(a)];
      case "h": return [hex(a)];
      case "d": return [a, make("p", { class: "more" }, b)];
      case "e": return [of.changes[a] + "/rc." + b];
      case "a": return [make("a", { href: a, rel: "noopener noreferrer nofollow" }, a)];
      case "l": return value.slice(1).map((one) => make("div", {}, ...cell(one, of)));
      default: return [moment(value, of.at)];
    }
  };

  const table = (version, [shape, packed], of) => {
    const [caption, columns] = words.shapes[shape];
    const rows = typeof packed === "number" ? of.shared[packed] : packed;
    if (shape === 0) of.changes = rows.map((row) => row[0]);
    const body = rows.map((row) => make("tr", {}, ...columns.map((_, at) => {
      const nodes = at < row.length ? cell(row[at], of) : [];
      return at ? make("td", {}, ...nodes) : make("th", { scope: "row" }, ...nodes);
    })));
    return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption + " of " + version },
      make("table", { class: "t" + shape }, make("caption", {}, caption),
        make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name)))),
        make("tbody", {}, ...body)));
  };

  const titleOf = (value) => (Array.isArray(value) ? titleOf(value[1]) : value);
  const fact = (name, digits) => make("div", {}, make("dt", {}, name), make("dd", {}, hex(digits)));

  // A release as the page has the newest ones. Its tables are made when they are first opened.
  const release = (packed, shared, anchors) => {
    const [version, state, at, by, said, notices, commit, entry, holds, tables] = packed;
    const of = { shared, at, changes: [] };
    const tone = words.signs[state][1];
    const heading = make("h3", anchors ? { id: version } : {}, version);
    const article = make("article", anchors ? { "aria-labelledby": version } : { "aria-label": version },
      make("header", {}, heading, sign(state), make("p", { class: "by" },
        (state === "imported" ? "Released" : "Promoted") + " ", make("span", { class: "when" }, moment(at)), " by ",
        ...cell(by, of))));
    if (said) article.append(make("p", { class: "said" }, said));
    const titles = tables.length && tables[0][0] === 0 ? tables[0][1].map((row) => titleOf(row[2])) : [];
    const more = titles.length > 3 ? " · and " + (titles.length - 3) + " more" : "";
    if (titles.length) article.append(make("p", { class: "brings" }, titles.slice(0, 3).join(" · ") + more));
    for (const [word, notice] of notices) {
      const [mark, tone] = words.signs[word];
      article.append(make("p", { class: "notice " + tone },
        make("span", { class: "mark", "aria-hidden": "true" }, mark), notice));
    }
    const details = make("details", {}, make("summary", {}, typeof holds === "number" ? shared[holds] : "Details"));
    details.fill = () => {
      delete details.fill;
      const facts = make("dl", { class: "facts" });
      if (commit !== "") facts.append(fact("Release commit", shared[commit][1]));
      facts.append(fact("Entry of the ledger", entry));
      details.append(facts, ...tables.map((one) => table(version, one, of)));
    };
    details.addEventListener("toggle", () => details.open && details.fill && details.fill());
    article.append(details);
    return make("li", { class: "release " + tone }, article);
  };

  // The older releases, a fold for each block.
  const newest = byId("newest");
  const older = make("div", { id: "older" });
  const folds = blocks.slice(1).map((block) => {
    const { count, name, days } = block.dataset;
    const fold = make("details", { class: "older" },
      make("summary", {}, name, make("span", {}, days + " · " + releases(count))));
    fold.fill = () => {
      delete fold.fill;
      const { shared, releases } = batch(block);
      fold.append(make("ol", { class: "line" }, ...releases.map((one) => release(one, shared, true))));
    };
    fold.addEventListener("toggle", () => fold.open && fold.fill && fold.fill());
    return fold;
  });
  if (folds.length) older.append(make("h3", {}, "Older releases"), ...folds);
  newest.after(older);

  // Everything that a release says, in lower case.
  const texts = new Map();
  const text = (packed, shared) => {
    if (texts.has(packed)) return texts.get(packed);
    const [version, state, at, by, said, notices, commit, entry, , tables] = packed;
    const found = [version, state, said, entry, moment(at).textContent, ...notices.map((notice) => notice[1])];
    const walk = (value) => {
      if (typeof value === "number") walk(shared[value]);
      else if (typeof value === "string") found.push(value);
      else if (value[0] === "l") value.slice(1).forEach(walk);
      else if (value[0] !== "e" && typeof value[0] === "string") found.push(...value.slice(1));
    };
    [by, commit].forEach(walk);
    for (const [, rows] of tables) (typeof rows === "number" ? shared[rows] : rows).forEach((row) => row.forEach(walk));
    texts.set(packed, found.join("\n").toLowerCase());
    return texts.get(packed);
  };

  const [input, state, product, count] = ["text", "state", "product", "count"].map(byId);
  const found = make("ol", { class: "line", id: "found" });
  const more = make("button", { type: "button" });
  const results = make("div", { hidden: "" }, found, more);
  older.after(results);
  let matches = [];
  let shown = 0;

  const show = (upTo) => {
    const next = matches.slice(shown, upTo);
    found.append(...next.map(([packed, shared]) => release(packed, shared, false)));
    shown += next.length;
    const left = matches.length - shown;
    more.hidden = left === 0;
    more.textContent = "Show " + grouped(Math.min(left, MORE)) + " more";
    count.textContent = grouped(matches.length) + " of " + releases(all)
      + (left ? ", of which " + grouped(shown) + " are shown" : "");
  };
  more.addEventListener("click", () => {
    const first = shown;
    show(shown + MORE);
    const next = found.children[first];
    next.setAttribute("tabindex", "-1");
    next.focus();
  });

  const search = () => {
    const sought = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = [state.value, product ? product.value : "*"];
    const filtered = sought.length > 0 || wanted.some((value) => value !== "*");
    newest.hidden = older.hidden = filtered;
    results.hidden = !filtered;
    found.textContent = "";
    shown = 0;
    matches = [];
    if (!filtered) {
      count.textContent = releases(all);
      return;
    }
    for (const block of blocks) {
      const { shared, releases } = batch(block);
      for (const packed of releases) {
        const [version, status] = packed;
        const of = version.includes("/") ? version.slice(0, version.lastIndexOf("/")) : "";
        if (wanted[0] !== "*" && wanted[0] !== status || wanted[1] !== "*" && wanted[1] !== of) continue;
        const said = sought.length ? text(packed, shared) : "";
        if (sought.every((word) => said.includes(word))) matches.push([packed, shared]);
      }
    }
    show(MORE);
  };
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  for (const one of [state, product]) if (one) one.addEventListener("change", search);

  // A link to a release that is folded away unfolds it.
  const follow = () => {
    let version;
    try {
      version = decodeURIComponent(location.hash.slice(1));
    } catch {
      // No release has such a name.
      return;
    }
    if (!version) return;
    if (!byId(version)) {
      const at = blocks.findIndex((block) => batch(block).releases.some((packed) => packed[0] === version));
      if (at > 0) folds[at - 1].open = true;
      if (at > 0 && folds[at - 1].fill) folds[at - 1].fill();
    }
    const there = byId(version);
    if (there) there.scrollIntoView();
  };
  addEventListener("hashchange", follow);

  // On paper everything that is listed is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("main details:not([open])")].filter((one) => !one.matches(".older, .numbers"));
    for (const one of closed) {
      if (one.fill) one.fill();
      one.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });

  byId("filter").hidden = false;
  search();
  follow();
})();
