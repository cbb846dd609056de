// Puts the page together: the line at the top, and each part.

import { $, el, shape, text, attribute, conditionOfLevel } from "./dom.js";
import { ago, clock, day, plural, megabytes } from "./format.js";
import { live, onChange, connect } from "./live.js";
import { startPulse } from "./pulse.js";
import { startMap } from "./map.js";
import { startUpstreams } from "./upstreams.js";
import { startHappened } from "./happened.js";
import { startFilter } from "./filter.js";
import { startActs } from "./act.js";

// ---- How it is

let heard = true;          // something has come in the last seconds
let heardLast = Date.now();

// What is old is not said as if it were so.
function whatIsSo(top) {
  if (heard) return top;
  return { level: "silent", sentence: `No news since ${clock(heardLast)}. Then it was: ${top.sentence}` };
}

function tellTop() {
  if (!live.get("top") || !live.get("door")) return;
  const top = whatIsSo(live.get("top"));
  if (document.body.dataset.level !== top.level) {
    document.body.dataset.level = top.level;
    $("hero-shape").replaceChildren(shape(conditionOfLevel[top.level]));
  }
  text($("sentence"), top.sentence);
  text($("lately"), live.get("lately") ?? "");
  const mark = { good: "", warning: "▲ ", bad: "■ ", silent: "? " }[top.level];
  document.title = mark + top.sentence;
  text($("where"), location.host);
  tellFacts();
}

function tellFacts() {
  const door = live.get("door"), order = live.get("order");
  if (!door || !order) return;
  const upstreams = order.pools.reduce((sum, pool) => sum + pool.upstreams.length, 0);
  text($("facts"), [`running for ${ago(live.now() - door.since)}`, plural(order.pools.length, "pool"), plural(upstreams, "upstream"),
                    door.reload_failed ? "the last reload was refused" : ""].filter(Boolean).join(" · "));
}

function tellAbout() {
  const door = live.get("door"), order = live.get("order");
  if (!door || !order) return;
  const facts = [
    ["Version", door.version],
    ["Process", `${door.pid}, ${megabytes(live.get("memory"))}`],
    ["Started", `${day(door.since)} ${clock(door.since)}`],
    ["Config", door.config_file ?? "made by the command line"],
    ["Generation", `${door.generation}` + (door.reloaded ? `, loaded ${day(door.reloaded)} ${clock(door.reloaded)}` : "")],
    ["Last reload", door.reload_failed ? "refused: the config before it goes on" : null],
    ["What it changed", live.events.findLast((event) => event.kind === "reloaded")?.fields?.changes],
  ];
  for (let i = 0; i < order.listeners; ++i) {
    const listener = live.get("listener/" + i), open = live.get("connections/" + i) ?? [0, 0];
    if (listener) facts.push(["Listener", `${listener.address}${listener.tls ? ", TLS" : ""}: ${plural(open[0], "connection")}`]);
  }
  for (let i = 0; i < order.certificates; ++i) {
    const certificate = live.get("certificate/" + i);
    if (certificate) facts.push(["Certificate", certificateWords(certificate)]);
  }
  $("about").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

// As it runs, with the defaults, and without its secrets.
async function showConfig() {
  const shown = $("config").hidden;
  $("config").hidden = !shown;
  attribute($("config-button"), "aria-expanded", String(shown));
  text($("config-button"), shown ? "Hide the config" : "Show the config");
  if (!shown) return;
  try {
    const answer = await fetch("api/v1/config");
    text($("config"), answer.ok ? (await answer.json()).toml : `It can not be read: ${answer.status}`);
  } catch {
    text($("config"), "It can not be read now.");
  }
}
$("config-button").onclick = showConfig;

function certificateWords(certificate) {
  const days = Math.floor((certificate.not_after - live.now()) / 86_400_000);
  const until = days < 0 ? "expired " + day(certificate.not_after) : `until ${day(certificate.not_after)}, ${plural(days, "day")}`;
  return el("span", {}, certificate.names.slice(0, 4).join(", ") || certificate.file, " ",
            el("span", { class: days < 14 ? "wrong" : "soft" }, until));
}

// ---- The connection

const linkWords = { live: "live", late: "no news", lost: "reconnecting", waiting: "connecting" };

function tellLink(state) {
  if (state === "live") heardLast = Date.now();
  if ($("link").dataset.state === state) return;
  heard = state === "live";
  tellTop();
  $("link").dataset.state = state;
  document.body.dataset.link = state;
  text($("link-text"), linkWords[state]);
}

// ---- Colours

const themes = ["system", "light", "dark"];

function applyTheme(theme) {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = theme;
  text($("theme"), { system: "◐", light: "☀", dark: "☾" }[theme]);
  attribute($("theme"), "aria-label", "Colours: " + { system: "as the system", light: "light", dark: "dark" }[theme]);
  attribute($("theme"), "title", $("theme").getAttribute("aria-label"));
}

let theme = localStorage.getItem("frontdoor-theme") ?? "system";
applyTheme(theme);
$("theme").onclick = () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  localStorage.setItem("frontdoor-theme", theme);
  applyTheme(theme);
};

// ---- Begin

startFilter();
startActs();
startPulse();
startMap();
startUpstreams();
startHappened();
onChange((changed) => {
  if (changed === null || changed.has("top") || changed.has("lately") || changed.has("door")) tellTop();
  if (changed === null || [...changed].some((key) => /^(door|listener|connections|certificate|memory|order|events)/.test(key))) tellAbout();
});
setInterval(tellFacts, 1000);
connect(tellLink);
