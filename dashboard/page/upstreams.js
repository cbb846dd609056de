// The table: each upstream with its state, checks, traffic and process, and what can be done about it. Rows are made once
// and then changed where something has changed.

import { $, el, svg, shape, text, attribute } from "./dom.js";
import { rate, millis, ago, clock, megabytes, grouped, plural } from "./format.js";
import { live, onChange } from "./live.js";
import { filter, shows, isWrong } from "./filter.js";
import { actionsFor, poolActions, authorization } from "./act.js";

const columns = [
  ["Upstream", "who"], ["State", "state"], ["Checks", "checks"], ["Req/s", "number rate"], ["p95, 5 min", "spark"],
  ["In flight", "number flight"], ["Errors/s", "number errors"], ["Retries", "number retries"], ["Weight", "number weight"], ["Process", "process"],
  ["Memory", "number memory"], ["CPU", "number cpu"],
];

const rows = new Map();   // "pool/name" -> its parts
const pools = new Map();  // name -> its parts
let built = "";

export function startUpstreams() {
  onChange((changed) => {
    const order = JSON.stringify(live.get("order"));
    if (order !== built) {
      built = order;
      build();
    }
    const keys = changed ?? live.values.keys();
    const touched = new Set();
    for (const key of keys) {
      const [kind, ...rest] = key.split("/");
      if (["up", "now", "probe"].includes(kind)) touched.add(rest.join("/"));
      if (["pool", "flow", "waits"].includes(kind)) tellPool(rest.join("/"));
    }
    if (changed === null) for (const key of rows.keys()) touched.add(key);
    for (const key of touched) tellRow(key);
    if (changed === null || changed.has("sparks")) for (const row of rows.values()) drawSpark(row);
    sift();
  });
  filter.changed.push(sift);
  addEventListener("resize", spanAll);
  setInterval(tellAges, 1000);
}

function build() {
  const order = live.get("order") ?? { pools: [] };
  const wanted = new Set();
  const sections = order.pools.map((pool) => {
    const part = pools.get(pool.name) ?? buildPool(pool.name);
    pools.set(pool.name, part);
    const bodies = pool.upstreams.map((name) => {
      const key = pool.name + "/" + name;
      wanted.add(key);
      if (!rows.has(key)) rows.set(key, buildRow(pool.name, name));
      tellRow(key);
      return rows.get(key).body;
    });
    const same = part.table.tBodies.length === bodies.length && bodies.every((body, i) => part.table.tBodies[i] === body);
    if (!same) {
      for (const body of [...part.table.tBodies]) body.remove();
      part.table.append(...bodies);
    }
    tellPool(pool.name);
    return part.section;
  });
  for (const key of rows.keys()) if (!wanted.has(key)) rows.delete(key);
  for (const name of pools.keys()) if (!order.pools.some((pool) => pool.name === name)) pools.delete(name);
  const shown = [...$("table").children];
  if (shown.length !== sections.length || sections.some((section, i) => shown[i] !== section)) $("table").replaceChildren(...sections);
  spanAll();
}

// A row below a row is as wide as the columns that there is room for.
function spanAll() {
  const head = $("table").querySelector("section:not([hidden]) thead tr");
  if (!head) return;
  const count = [...head.cells].filter((cell) => getComputedStyle(cell).display !== "none").length;
  for (const row of rows.values()) row.reason.colSpan = row.detail.colSpan = count;
}

function buildPool(name) {
  const part = { name };
  part.mark = el("span", { class: "mark" });
  part.count = el("span", { class: "count" });
  part.protocol = el("span", { class: "tag", title: "What is spoken to its upstreams", hidden: true });
  part.held = el("span", { class: "held", hidden: true });
  part.waits = el("span", { class: "soft waits", hidden: true });
  part.about = el("span", { class: "soft about" });
  part.operation = el("span", { class: "operation", role: "status" });
  part.table = el("table", {}, el("caption", { class: "hidden" }, "Upstreams of the pool " + name),
    el("thead", {}, el("tr", {}, columns.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)))));
  part.section = el("section", { class: "pool", "aria-label": "Pool " + name },
    el("header", {}, part.mark, el("h3", {}, name), part.protocol, part.count, part.held, part.waits, part.operation, part.about,
      el("span", { class: "grow" }), poolActions(name)),
    part.table);
  return part;
}

function tellPool(name) {
  const part = pools.get(name), counts = live.get("pool/" + name);
  if (!part || !counts) return;
  const flow = live.get("flow/" + name) ?? [];
  const condition = counts.good === 0 ? (counts.bad ? "bad" : counts.coming ? "coming" : "resting")
    : counts.bad || counts.coming ? "coming" : "good";
  if (part.condition !== condition) part.mark.replaceChildren(shape(condition));
  part.condition = condition;
  attribute(part.section, "data-condition", condition);
  text(part.count, `${counts.good} of ${counts.all} up`);
  part.protocol.hidden = !counts.protocol || counts.protocol === "http/1.1";
  text(part.protocol, counts.protocol);
  part.held.hidden = !flow[4];
  text(part.held, flow[4] ? plural(flow[4], "request") + " held" : "");
  const waits = live.get("waits/" + name);
  part.waits.hidden = !waits;
  text(part.waits, waits ? `${grouped(waits[0])} held so far, half up to ${millis(waits[1])}, 95 % up to ${millis(waits[2])}` : "");
  text(part.operation, counts.operation ?? counts.failed ?? (counts.stopped ? "stopped" : ""));
  text(part.about, [(counts.command ?? []).join(" "), ...(counts.removed ?? [])].filter(Boolean).join(" · "));
  attribute(part.section, "data-supervised", (counts.command ?? []).length > 0);
}

function buildRow(pool, name) {
  const key = pool + "/" + name;
  const row = { pool, name, key, open: false };
  const cell = (kind, ...children) => el("td", { class: kind }, ...children);
  row.toggle = el("button", { class: "who-button", "aria-expanded": "false", onclick: () => open(row, !row.open) },
    el("b", {}, name), (row.address = el("small", { class: "soft" })));
  row.mark = el("span", { class: "mark" });
  row.state = el("span", { class: "word" });
  row.since = el("small", { class: "soft" });
  row.strip = svg("svg", { class: "strip", viewBox: "0 0 64 10", preserveAspectRatio: "none", role: "img" });
  row.probe = el("small", { class: "soft" });
  row.rate = el("span");
  row.spark = svg("svg", { class: "sparkline", viewBox: "0 0 60 20", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { class: "area" }), svg("path", { class: "line" }));
  row.p95 = el("span");
  row.flight = el("span");
  row.errors = el("span");
  row.retries = el("span");
  row.weight = el("span");
  row.process = el("span");
  row.starts = el("small", { class: "soft" });
  row.memory = el("span");
  row.cpu = el("span");
  row.reason = el("td", { class: "reason" });
  row.reasonRow = el("tr", { class: "reason-row", hidden: true }, row.reason);
  row.detail = el("td");
  row.detailRow = el("tr", { class: "detail-row", hidden: true }, row.detail);
  const labelled = (cellNode, label) => { cellNode.dataset.label = label; return cellNode; };
  row.body = el("tbody", { class: "upstream" },
    el("tr", {},
      el("th", { scope: "row", class: "who" }, row.toggle),
      cell("state", row.mark, el("span", {}, row.state, row.since)),
      labelled(cell("checks", row.strip, row.probe), "Checks"),
      labelled(cell("number rate", row.rate), "Req/s"),
      labelled(cell("spark", row.spark, row.p95), "p95"),
      labelled(cell("number flight", row.flight), "In flight"),
      labelled(cell("number errors", row.errors), "Errors/s"),
      labelled(cell("number retries", row.retries), "Retries"),
      labelled(cell("number weight", row.weight), "Weight"),
      labelled(cell("process", row.process, row.starts), "Process"),
      labelled(cell("number memory", row.memory), "Memory"),
      labelled(cell("number cpu", row.cpu), "CPU")),
    row.reasonRow, row.detailRow);
  drawSpark(row);
  return row;
}

function tellRow(key) {
  const row = rows.get(key), up = live.get("up/" + key);
  if (!row || !up) return;
  const now = live.get("now/" + key) ?? [];
  if (row.condition !== up.condition) row.mark.replaceChildren(shape(up.condition));
  if (row.condition && row.condition !== up.condition) flash(row.body);
  row.condition = up.condition;
  attribute(row.body, "data-condition", up.condition);
  text(row.address, up.address === up.name ? "" : up.address.replace(/^127\.0\.0\.1(?=:)/, ""));
  text(row.state, up.state);
  text(row.rate, rate(now[0]));
  text(row.errors, rate(now[1]));
  attribute(row.errors, "class", now[1] > 0 ? "wrong" : null);
  text(row.retries, now[7] === undefined ? "–" : grouped(now[7]));
  text(row.p95, millis(now[2]));
  text(row.flight, now[3] === undefined ? "–" : grouped(now[3]));
  text(row.weight, String(up.weight));
  text(row.memory, megabytes(now[5]));
  text(row.cpu, now[6] === null || now[6] === undefined ? "–" : Math.round(now[6]) + " %");
  const supervised = up.pid !== undefined;
  text(row.process, !supervised ? "–" : up.pid === null ? "none" : String(up.pid));
  text(row.starts, supervised && up.restarts ? plural(up.restarts, "restart") : "");
  tellProbe(row, live.get("probe/" + key));
  tellAge(row);
  tellReason(row, up);
  if (row.open) tellDetail(row);
}

function flash(body) {
  body.classList.remove("changed");
  void body.offsetWidth;  // begins the animation anew
  body.classList.add("changed");
}

function tellProbe(row, probe) {
  const strip = probe?.strip ?? "";
  if (row.stripShown !== strip) {
    row.stripShown = strip;
    // What failed is lower as well as of another colour.
    const bars = [...strip].map((result, i) => {
      const x = 64 - strip.length + i;
      return svg("rect", { x: x + 0.12, width: 0.76, y: result === "1" ? 1 : 5, height: result === "1" ? 8 : 4, class: result === "1" ? "pass" : "fail" });
    });
    row.strip.replaceChildren(...bars);
    const failed = [...strip].filter((result) => result === "0").length;
    attribute(row.strip, "aria-label", strip ? `${failed} of the last ${strip.length} checks failed` : "no checks");
  }
  text(row.probe, probe ? millis(probe.ms) : "none");
}

const kLately = 5 * 60_000;

// "SIGABRT, while POST /crash was on it"
function endOf(up) {
  if (!up.last_end || up.pid === undefined) return "";
  const on = (up.requests_at_end ?? []).map((request) => request.replace(/ \([^()]*\)$/, ""));
  const which = on.slice(0, 3).join(", ") + (on.length > 3 ? ` and ${on.length - 3} more` : "");
  return up.last_end + (on.length ? `, while ${which} ${on.length === 1 ? "was" : "were"} on it` : "");
}

const cameBackLately = (up) => Boolean(up.condition === "good" && up.restarts && up.last_end && live.now() - up.since < kLately);

// What an operator asks next: why, and what then?
function tellReason(row, up) {
  const next = up.next_start ? `next start in ${Math.max(0, (up.next_start - live.now()) / 1000).toFixed(0)} s` : "";
  const bad = up.condition !== "good", failure = live.get("probe/" + row.key)?.failure;
  const end = endOf(up);
  const parts = bad ? [up.reason, end ? "ended: " + end : "", next, failure && up.condition === "bad" ? "last check: " + failure : ""]
                    : [up.says, up.added, cameBackLately(up) ? `ended and is up again: ${end}` : ""];
  const words = [...new Set(parts.filter(Boolean))].join(" · ");
  row.reasonRow.hidden = !words;
  text(row.reason, words);
}

function tellAge(row) {
  const up = live.get("up/" + row.key);
  text(row.since, up?.since ? ago(live.now() - up.since) : "");
}

function tellAges() {
  for (const row of rows.values()) {
    tellAge(row);
    const up = live.get("up/" + row.key);
    if (up?.next_start || row.back) tellReason(row, up);
    row.back = up ? cameBackLately(up) : false;
  }
}

function drawSpark(row) {
  const line = live.sparks.get(live.get("up/" + row.key)?.meter) ?? [];
  const most = Math.max(1, ...line.map((point) => point[2] ?? 0));
  let path = "", open = false, from = 0, area = "";
  line.forEach(([, , p95], i) => {
    const x = 60 - line.length + i + 0.5;
    if (p95 === null) {
      if (open) area += `L${x - 1} 20L${from} 20Z`;
      open = false;
      return;
    }
    const y = 19 - (p95 / most) * 17;
    if (!open) from = x;
    path += (open ? "L" : "M") + x + " " + y.toFixed(1);
    area += (open ? "L" : "M") + x + " " + y.toFixed(1);
    open = true;
  });
  if (open) area += `L59.5 20L${from} 20Z`;
  attribute(row.spark.firstChild, "d", area);
  attribute(row.spark.lastChild, "d", path);
}

// ---- What more there is to know of one

function open(row, whether) {
  row.open = whether;
  row.toggle.setAttribute("aria-expanded", String(whether));
  row.detailRow.hidden = !whether;
  if (!whether) return;
  row.facts = el("dl", { class: "facts" });
  row.lines = el("pre", { class: "lines", tabindex: "0", "aria-label": "Its last lines" });
  row.detail.replaceChildren(el("div", { class: "detail" },
    el("div", {}, row.facts, actionsFor(row.pool, row.name)), el("div", { class: "output" }, row.lines)));
  tellDetail(row);
  readLines(row);
}

function tellDetail(row) {
  const up = live.get("up/" + row.key), now = live.get("now/" + row.key) ?? [], probe = live.get("probe/" + row.key);
  const facts = [
    ["Address", up.address],
    ["State", up.state + (up.since ? " since " + clock(up.since) : "") + (up.reason ? ", " + up.reason : "")],
    ["Not in the config", up.added],
    ["Requests", grouped(now[4] ?? 0)],
    ["Failed on it and sent again", now[7] ? grouped(now[7]) : ""],
    ["Last failed check", probe?.failure],
    ["Last end", up.last_end],
    ["Why it was started", up.last_reason === up.last_end ? "" : up.last_reason],
    ["On it when it ended", (up.requests_at_end ?? []).join(", ")],
  ].filter(([, value]) => value);
  const told = JSON.stringify(facts);
  if (row.told === told) return;
  if (row.told && row.pidShown !== up.pid) readLines(row);
  row.told = told;
  row.pidShown = up.pid;
  row.facts.replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

async function readLines(row) {
  const up = live.get("up/" + row.key);
  row.lines.hidden = up?.pid === undefined;
  if (up?.pid === undefined) return;
  try {
    const answer = await fetch(`api/v1/logs?pool=${encodeURIComponent(row.pool)}&instance=${up.number}&lines=12&form=text`, { headers: authorization() });
    const lines = answer.ok ? await answer.text() : "";
    if ([401, 403].includes(answer.status)) text(row.lines, `Its lines are shown to those who are signed in, or by: frontdoor logs ${row.name}`);
    else text(row.lines, lines || "It has written nothing yet.");
  } catch {
    text(row.lines, "Its lines can not be read now.");
  }
}

// ---- What is to be seen

function sift() {
  let shown = 0, all = 0;
  for (const [name, part] of pools) {
    let some = false;
    for (const row of rows.values()) {
      if (row.pool !== name) continue;
      const visible = shows(name, row.name);
      if (row.body.hidden === visible) row.body.hidden = !visible;
      some ||= visible;
      ++all;
      if (visible) ++shown;
    }
    const empty = !filter.words && (!filter.onlyWrong || isWrong.pool(name));
    const hidden = !some && !empty;
    if (part.section.hidden !== hidden) part.section.hidden = hidden;
  }
  text($("upstreams-count"), shown === all ? (all > 1 ? String(all) : "") : `${shown} of ${all}`);
  const nothing = shown === 0 && all > 0;
  $("table-empty").hidden = !nothing;
  if (nothing) text($("table-empty"), filter.words ? "No upstream matches." : "Nothing is wrong.");
}
