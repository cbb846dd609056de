// Four charts over one time axis, and what happened below them: a dip has its cause beneath it. A cursor runs through all
// of them, and their numbers are then those of its moment.

import { $, el, svg, text, attribute } from "./dom.js";
import { rate, millis, ratio, grouped, clock } from "./format.js";
import { live, onChange } from "./live.js";
import { kindOf, wordsOf } from "./stories.js";

const REQUESTS = 0, ERRORS = 1, P50 = 2, P95 = 3, P99 = 4, IN_FLIGHT = 5, HELD = 6;
const kWidth = 300, kHeight = 60;
const spans = {
  seconds: { points: 300, each: 1000, marks: [["5 min ago", 0], ["4", 60], ["3", 120], ["2", 180], ["1", 240], ["now", 300]] },
  minutes: { points: 1440, each: 60_000, marks: [["24 h ago", 0], ["18", 360], ["12", 720], ["6", 1080], ["now", 1440]] },
};

const errorRatio = (point) => (point[REQUESTS] ? point[ERRORS] / point[REQUESTS] : point[REQUESTS] === null ? null : 0);

const charts = [
  {
    title: "Requests", unit: "per second", name: "requests", least: 10,
    lines: [{ class: "requests", of: (point) => point[REQUESTS], area: true }],
    tell: (point) => [rate(point[REQUESTS]), "per second"], scale: (value) => rate(value) + "/s",
  },
  {
    title: "Errors", unit: "share of the requests", name: "errors", least: 0.01,
    lines: [{ class: "errors", of: errorRatio, area: true }],
    tell: (point) => [ratio(errorRatio(point)), point[ERRORS] ? rate(point[ERRORS]) + "/s" : ""], scale: ratio,
  },
  {
    title: "Latency", unit: "p50, p95, p99", name: "latency", least: 5,
    lines: [{ class: "p99", of: (point) => point[P99] }, { class: "p95", of: (point) => point[P95] },
            { class: "p50", of: (point) => point[P50], area: true }],
    tell: (point) => [millis(point[P50]), `p95 ${millis(point[P95])} · p99 ${millis(point[P99])}`], scale: millis,
  },
  {
    title: "In flight", unit: "and held", name: "inflight", least: 4,
    lines: [{ class: "inflight", of: (point) => point[IN_FLIGHT], area: true },
            { class: "held", of: (point) => point[HELD] || null, area: true }],
    tell: (point) => [point[IN_FLIGHT] === null || point[IN_FLIGHT] === undefined ? "–" : grouped(point[IN_FLIGHT]),
                      point[HELD] ? grouped(point[HELD]) + " held" : "none held"],
    scale: grouped,
  },
];

let range = "seconds";
let minutes = [];
let cursor = null;  // which point of the span, or null: now

export function startPulse() {
  for (const chart of charts) $("charts").append(build(chart));
  $("charts").append(axis());
  $("charts").addEventListener("pointermove", (event) => move(event.clientX));
  $("charts").addEventListener("pointerleave", () => set(null));
  $("charts").addEventListener("blur", () => set(null));
  $("charts").addEventListener("keydown", step);
  for (const button of document.querySelectorAll("[data-range]")) button.onclick = () => choose(button.dataset.range);
  onChange((changed) => {
    if (changed === null || changed.has("points") || changed.has("events")) draw();
  });
}

function build(chart) {
  chart.number = el("b");
  chart.more = el("span", { class: "soft" });
  chart.top = el("span", { class: "top" });
  chart.rule = el("i", { class: "cursor" });
  chart.paths = chart.lines.map((line) => [line.area ? svg("path", { class: "area " + line.class }) : null,
                                           svg("path", { class: "line " + line.class })]);
  chart.causes = el("div", { class: "causes" });
  chart.plot = el("div", { class: "plot" },
    svg("svg", { viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("path", { class: "grid", d: `M0 ${kHeight / 2}H${kWidth}` }), chart.paths.flat()),
    chart.causes, chart.top, chart.rule);
  return el("div", { class: "chart", "data-chart": chart.name },
    el("div", { class: "legend" }, el("span", { class: "name" }, chart.title), el("span", { class: "value" }, chart.number, " ", chart.more)),
    chart.plot);
}

function axis() {
  const lane = el("div", { class: "lane", id: "lane" });
  return el("div", { class: "chart axis" },
    el("div", { class: "legend" }, el("span", { class: "name" }, "Events")),
    el("div", { class: "plot" }, lane, el("div", { class: "ticks", id: "ticks" })));
}

// ---- Which moment

function points() { return range === "seconds" ? live.points : minutes; }

// Of the span, whose right end is now: undefined where nothing is known.
function pointAt(index) {
  const known = points();
  return known[index - (spans[range].points - known.length)];
}

function move(x) {
  const plot = charts[0].plot.getBoundingClientRect();
  const at = (x - plot.left) / plot.width;
  set(at < 0 || at > 1 ? null : Math.min(Math.floor(at * spans[range].points), spans[range].points - 1));
}

function step(event) {
  const last = spans[range].points - 1;
  const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
  if (event.key === "Escape") set(null);
  else if (event.key === "Home") set(0);
  else if (event.key === "End") set(last);
  else if (by) set(Math.max(0, Math.min(last, (cursor ?? last) + by)));
  else return;
  event.preventDefault();
}

function set(index) {
  cursor = index;
  tellNumbers();
}

async function choose(which) {
  range = which;
  set(null);
  for (const button of document.querySelectorAll("[data-range]"))
    button.setAttribute("aria-pressed", String(button.dataset.range === which));
  draw();
  if (which === "minutes") await readMinutes();
}

async function readMinutes() {
  try {
    const answer = await fetch("api/v1/history");
    if (answer.ok) minutes = (await answer.json()).minutes;
    if (range === "minutes") draw();
  } catch {
    // The line at the top says that the connection is lost; what was read stays.
  }
}
setInterval(() => { if (range === "minutes") readMinutes(); }, 60_000);

// ---- Drawing

// 1, 2, 5, 10, …: so that the scale seldom moves.
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const digits = value / power;
  return (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10) * power;
}

function line(values, most) {
  const { points: all } = spans[range];
  const first = all - values.length;
  let path = "", open = false;
  values.forEach((value, i) => {
    if (value === null || value === undefined) {
      open = false;
      return;
    }
    const x = ((first + i + 0.5) / all) * kWidth, y = kHeight - (Math.min(value / most, 1) * (kHeight - 6));
    path += (open ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1);
    if (!open && (values[i + 1] === null || values[i + 1] === undefined)) path += "h.6";  // a single one is seen, too
    open = true;
  });
  return path;
}

function area(path) {
  return path.split("M").filter(Boolean).map((piece) => {
    const [x] = piece.split(" ");
    const last = piece.includes("L") ? piece.slice(piece.lastIndexOf("L") + 1).split(" ")[0] : x;
    return `M${x} ${kHeight}L${piece.replace("h.6", "")}L${last} ${kHeight}Z`;
  }).join("");
}

function draw() {
  const known = points();
  for (const chart of charts) {
    const all = chart.lines.map((each) => known.map(each.of));
    const most = roundUp(Math.max(chart.least, ...all.flat().filter((value) => value !== null && value !== undefined)));
    chart.paths.forEach(([below, above], i) => {
      const path = line(all[i], most);
      attribute(above, "d", path);
      if (below) attribute(below, "d", area(path));
    });
    text(chart.top, chart.scale(most));
  }
  drawEvents();
  tellNumbers();
}

function tellNumbers() {
  const index = cursor ?? spans[range].points - 1;
  const point = pointAt(index) ?? [null, null, null, null, null, null, null];
  for (const chart of charts) {
    const [number, more] = chart.tell(point);
    text(chart.number, number);
    text(chart.more, more);
    chart.rule.style.left = ((index + 0.5) / spans[range].points) * 100 + "%";
    chart.rule.hidden = cursor === null;
  }
  const moment = live.now() - (spans[range].points - 1 - index) * spans[range].each;
  text($("pulse-moment"), cursor === null ? "now" : "at " + clock(moment) + whatThen(moment));
}

function whatThen(moment) {
  const near = live.events.filter((event) => Math.abs(Date.parse(event.time) - moment) < spans[range].each * 3);
  return near.length ? " · " + wordsOf(near.at(-1)) : "";
}

// ---- The lane of events

function drawEvents() {
  const span = spans[range].points * spans[range].each;
  const now = live.now();
  const shown = live.events.filter((event) => kindOf(event) !== "quiet" && now - Date.parse(event.time) < span);
  const place = (event) => 100 - ((now - Date.parse(event.time)) / span) * 100 + "%";
  $("lane").replaceChildren(...shown.map((event) => {
    const mark = el("i", { class: "event " + kindOf(event), title: clock(Date.parse(event.time)) + "  " + wordsOf(event) });
    mark.style.left = place(event);
    return mark;
  }));
  // Lines through the charts for what went wrong, and only for that.
  const wrong = shown.filter((event) => kindOf(event) === "bad").slice(-40);
  for (const chart of charts)
    chart.causes.replaceChildren(...wrong.map((event) => {
      const rule = el("i");
      rule.style.left = place(event);
      return rule;
    }));
  if ($("ticks").dataset.range !== range) {
    $("ticks").dataset.range = range;
    $("ticks").replaceChildren(...spans[range].marks.map(([word, at]) => {
      const tick = el("span", {}, word);
      tick.style.left = (at / spans[range].points) * 100 + "%";
      return tick;
    }));
  }
}
