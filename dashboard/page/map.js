// Listeners, routes, pools and upstreams, and how traffic runs between them: a link is as wide as its traffic, and has the
// colour and the form of the health behind it.

import { $, svg, shape, attribute, text } from "./dom.js";
import { rate } from "./format.js";
import { live, onChange } from "./live.js";
import { filter, isWrong } from "./filter.js";

const kRow = 30, kMostRow = 46, kGap = 12, kNode = 24;
const kNamed = 40;     // upstreams that have a row each; of more, a pool shows marks
const kFlowing = 60;   // links that move: more of them only cost

let width = 0, room = 0, drawn = "", links = [], nodes = [], crowd = false;

export function startMap() {
  new ResizeObserver(() => {
    const now = [Math.floor($("map").clientWidth), Math.floor($("map").clientHeight)];
    if (now[0] === width && now[1] === room) return;
    [width, room] = now;
    drawn = "";
    draw();
  }).observe($("map"));
  onChange((changed) => {
    if (changed === null || [...changed].some((key) => /^(order|listener|route|pool|up)\b/.test(key))) draw();
    else update();
  });
  filter.changed.push(draw);
}

function poolCondition(pool) {
  const counts = live.get("pool/" + pool);
  if (!counts) return "unknown";
  if (counts.good === 0) return counts.bad ? "bad" : counts.coming ? "coming" : "resting";
  return counts.bad || counts.coming ? "coming" : "good";
}

const narrow = () => width < 470;
const trafficOf = (pool) => live.get("flow/" + pool)?.[0] ?? 0;
const hostAndPath = (route) => (route.host || "") + (route.path || (route.host ? "" : "any"));

// What is to be seen, as columns of nodes and as links between them; places come later.
function plan() {
  const order = live.get("order") ?? { listeners: 0, routes: 0, pools: [] };
  let pools = order.pools.filter((pool) => !filter.onlyWrong || isWrong.pool(pool.name));
  const named = pools.reduce((sum, pool) => sum + pool.upstreams.length, 0) <= kNamed;
  crowd = !named;
  if (crowd) pools = [...pools].sort((a, b) => isWrong.pool(b.name) - isWrong.pool(a.name));  // what is wrong is seen first
  const columns = { listener: [], route: [], pool: [], upstream: [] };
  const joins = [];
  const listeners = [...Array(order.listeners).keys()];
  for (const i of listeners)
    columns.listener.push({ id: "l" + i, label: short(live.get("listener/" + i)?.address ?? ""), condition: "plain",
                            traffic: () => pools.reduce((sum, pool) => sum + laneOf(i, pool.name), 0) });
  const routesOf = (pool) => [...Array(order.routes).keys()].filter((i) => live.get("route/" + i)?.pool === pool);
  for (const pool of pools) {
    const id = "p" + pool.name;
    const condition = () => poolCondition(pool.name);
    const routes = narrow() ? [] : routesOf(pool.name);
    // By which listener a route's requests come is counted for its pool, not for itself: each has its share of that.
    const share = (i) => paceOf(i) / (routes.reduce((sum, each) => sum + paceOf(each), 0) || 1);
    for (const i of routes) {
      const route = "r" + i;
      columns.route.push({ id: route, label: hostAndPath(live.get("route/" + i)), condition: "plain", pool: pool.name });
      for (const l of listeners)
        joins.push({ from: "l" + l, to: route, condition, traffic: () => share(i) * laneOf(l, pool.name) });
      joins.push({ from: route, to: id, condition, traffic: () => paceOf(i) });
    }
    if (narrow())
      for (const l of listeners) joins.push({ from: "l" + l, to: id, condition, traffic: () => laneOf(l, pool.name) });
    columns.pool.push({ id, label: pool.name, pool: pool.name, condition, note: () => held(pool.name),
                        rows: Math.max(named ? pool.upstreams.length : 1, routes.length, 1) });
    if (!named) {
      columns.upstream.push({ id: "u" + pool.name, marks: pool.upstreams, pool: pool.name, condition });
      joins.push({ from: id, to: "u" + pool.name, condition, traffic: () => trafficOf(pool.name) });
    }
    for (const name of named ? pool.upstreams : []) {
      const key = pool.name + "/" + name;
      const at = () => live.get("up/" + key)?.condition ?? "unknown";
      const pace = () => live.get("now/" + key)?.[0] ?? 0;
      columns.upstream.push({ id: "u" + key, label: name, pool: pool.name, condition: at, traffic: pace });
      joins.push({ from: id, to: "u" + key, condition: at, traffic: pace });
    }
  }
  return { columns, joins };
}

const paceOf = (route) => live.get(`pace/${route}`) ?? 0;
const laneOf = (listener, pool) => live.get(`lane/${listener}/${pool}`) ?? 0;
const held = (pool) => { const waiting = live.get("flow/" + pool)?.[4]; return waiting ? waiting + " held" : ""; };
const short = (address) => (width < 620 ? address.slice(address.lastIndexOf(":")) : address);

function place({ columns }) {
  const used = narrow() ? ["listener", "pool", "upstream"] : ["listener", "route", "pool", "upstream"];
  const parts = narrow() ? [0.2, 0.3, 0.5] : [0.23, 0.2, 0.21, 0.36];
  const gap = width * (narrow() ? 0.1 : 0.07);
  const space = width - gap * (used.length - 1) - 2;
  let x = 1;
  used.forEach((name, i) => {
    for (const node of columns[name]) Object.assign(node, { x, width: space * parts[i] });
    x += space * parts[i] + gap;
  });
  // Pools lie below each other, each as high as what hangs on it; all else is centred on them.
  const count = columns.pool.reduce((sum, pool) => sum + pool.rows, 0);
  const row = Math.max(kRow, Math.min(kMostRow, (room - 14 - kGap * columns.pool.length) / Math.max(count, 1)));
  let y = 2;
  for (const pool of columns.pool) {
    const height = pool.rows * row;
    pool.y = y + (height - kNode) / 2;
    for (const name of ["route", "upstream"]) {
      const mine = columns[name].filter((node) => node.pool === pool.pool);
      mine.forEach((node, i) => { node.y = y + (height - mine.length * row) / 2 + i * row + (row - kNode) / 2; });
    }
    y += height + kGap;
  }
  const each = row + kGap, height = Math.max(y - kGap, columns.listener.length * each) + 12;
  // In the middle, but of what is seen at first.
  const middle = Math.min(height, Math.max(room, 300)) / 2;
  columns.listener.forEach((node, i) => { node.y = middle + (i - columns.listener.length / 2) * each + (each - kNode) / 2; });
  return height;
}

function curve(from, to) {
  const x1 = from.x + from.width, y1 = from.y + kNode / 2, x2 = to.x, y2 = to.y + kNode / 2;
  const bend = (x2 - x1) * 0.5;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function draw() {
  if (width === 0 || !live.get("order")) return;
  const planned = plan();
  const now = JSON.stringify([width, room, filter.onlyWrong, planned.columns.pool.map((pool) => pool.id), live.get("order"), [...live.values].filter(([key]) => /^(listener|route)\//.test(key))]);
  if (now !== drawn) build(planned);
  drawn = now;
  update();
}

function build(planned) {
  const height = place(planned);
  const all = new Map(Object.values(planned.columns).flat().map((node) => [node.id, node]));
  links = planned.joins.filter((join) => all.get(join.from)?.y !== undefined && all.get(join.to)?.y !== undefined);
  const still = links.length > kFlowing;
  for (const link of links) {
    const d = curve(all.get(link.from), all.get(link.to));
    link.band = svg("path", { d });
    link.flow = still ? null : svg("path", { d });
  }
  nodes = [...all.values()].filter((node) => node.y !== undefined);
  $("map").replaceChildren(svg("svg", { class: crowd ? "crowd" : null, width, height, viewBox: `0 0 ${width} ${height}` },
    svg("g", { class: "links" }, links.map((link) => link.band)),
    svg("g", { class: "flows" }, links.map((link) => link.flow)),
    svg("g", {}, nodes.map(buildNode))));
}

function buildNode(node) {
  const box = svg("rect", { x: node.x, y: node.y, width: node.width, height: kNode, rx: 6 });
  node.group = svg("g", {}, box);
  if (node.marks) return buildMarks(node);
  const hasShape = typeof node.condition === "function";
  node.mark = hasShape ? svg("svg", { x: node.x + 7, y: node.y + 6, width: 12, height: 12, viewBox: "0 0 16 16" }) : null;
  const left = node.x + (hasShape ? 25 : 9);
  const bare = node.note || (narrow() && !hasShape);  // no number beside its name
  const most = Math.max(3, Math.floor((node.x + node.width - left - (node.traffic && !bare ? 50 : 6)) / 6.4));
  node.number = node.note
    ? svg("text", { class: "number", x: node.x + node.width / 2, y: node.y + kNode + 10, "text-anchor": "middle" })
    : svg("text", { class: "number", x: node.x + node.width - 8, y: node.y + 16, "text-anchor": "end", visibility: bare ? "hidden" : null });
  node.group.append(svg("title", {}, node.label), ...(node.mark ? [node.mark] : []),
    svg("text", { x: left, y: node.y + 16 }, cut(node.label, most)), node.number);
  return node.group;
}

// Addresses differ at their ends, names and paths at their beginnings.
function cut(label, most) {
  if (label.length <= most) return label;
  return /^[\d.:[\]]+$/.test(label) ? "…" + label.slice(1 - most).replace(/^[.:]/, "") : label.slice(0, most - 1) + "…";
}

// An upstream of a crowd is a mark with the colour and the form of its state.
function buildMarks(node) {
  const most = Math.max(1, Math.floor((node.width - 12) / 14));
  const shown = node.marks.length > most ? most - 2 : node.marks.length;
  node.cells = node.marks.slice(0, shown).map((name, i) => {
    const cell = svg("svg", { x: node.x + 7 + i * 14, y: node.y + 6, width: 12, height: 12, viewBox: "0 0 16 16" }, svg("title", {}, name));
    return { key: "up/" + node.pool + "/" + name, cell };
  });
  node.group.append(...node.cells.map(({ cell }) => cell));
  if (shown < node.marks.length)
    node.group.append(svg("text", { class: "number", x: node.x + node.width - 6, y: node.y + 16, "text-anchor": "end" }, "+" + (node.marks.length - shown)));
  return node.group;
}

function put(mark, condition) {
  if (mark.dataset.condition === condition) return;
  mark.dataset.condition = condition;
  const drawing = shape(condition);
  mark.setAttribute("class", drawing.getAttribute("class"));
  mark.replaceChildren(...[...mark.children].filter((child) => child.tagName === "title"), ...drawing.children);
}

function update() {
  const most = Math.max(1, ...links.map((link) => link.traffic()));
  for (const link of links) {
    const traffic = link.traffic(), condition = link.condition();
    const wide = traffic > 0 ? 1.5 + (crowd ? 6.5 : 14.5) * Math.sqrt(traffic / most) : 1;
    attribute(link.band, "class", condition + (traffic > 0 ? "" : " still"));
    attribute(link.band, "stroke-width", wide.toFixed(1));
    if (link.flow) attribute(link.flow, "class", traffic > 0 ? condition : "none");
    if (link.flow) attribute(link.flow, "stroke-width", Math.max(1.2, wide / 5).toFixed(1));
  }
  for (const node of nodes) {
    const condition = typeof node.condition === "function" ? node.condition() : node.condition;
    attribute(node.group, "class", "node " + condition);
    if (node.mark) put(node.mark, condition);
    if (node.note) text(node.number, node.note());
    else if (node.traffic) text(node.number, node.traffic() > 0 ? rate(node.traffic()) + "/s" : "");
    for (const { key, cell } of node.cells ?? []) put(cell, live.get(key)?.condition ?? "unknown");
  }
}
