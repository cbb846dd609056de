// The list of what happened, and the requests that failed or were slow.

import { $, el, shape } from "./dom.js";
import { clock, millis } from "./format.js";
import { live, onChange } from "./live.js";
import { kindOf, wordsOf, storiesOf, moreOfStory } from "./stories.js";

const shapes = { good: "good", bad: "bad", note: "coming", quiet: "unknown" };

function eventRow(story) {
  const { event } = story, kind = kindOf(event);
  const more = moreOfStory(story).join(" · ");
  return el("li", { class: kind },
    el("time", { datetime: event.time, title: event.time }, clock(Date.parse(event.time))), shape(shapes[kind]),
    el("span", {}, wordsOf(event), more ? el("small", { class: "soft" }, " " + more) : null));
}

function drawEvents() {
  const rows = storiesOf(live.events).slice(-100).reverse();
  $("events").replaceChildren(...(rows.length ? rows.map(eventRow)
    : [el("li", { class: "empty" }, "Nothing has happened since this frontdoor began.")]));
}

// ---- Requests

let which = "failed";

const stages = [["held", "held"], ["connect", "connecting"], ["answer", "until the first byte"], ["body", "the rest"]];

function stageTimes(request) {
  const held = request.held_us, connect = request.connect_us;
  const answer = Math.max(0, (request.first_byte_us || request.total_us) - held - connect);
  return [held, connect, answer, Math.max(0, request.total_us - held - connect - answer)];
}

function requestRow(request, longest) {
  const times = stageTimes(request);
  const bar = el("div", { class: "stages", role: "img",
                          "aria-label": stages.map(([, words], i) => `${words} ${millis(times[i] / 1000)}`).join(", "),
                          title: stages.map(([, words], i) => `${words} ${millis(times[i] / 1000)}`).join("\n") },
    stages.map(([name], i) => {
      const piece = el("i", { class: name });
      piece.style.width = (times[i] / longest) * 100 + "%";
      return piece;
    }));
  const outcome = request.outcome === "served" ? null : request.outcome.replaceAll("_", " ");
  return el("article", { class: request.failed ? "failed" : "" },
    el("time", { datetime: new Date(request.at).toISOString() }, clock(request.at)),
    el("span", { class: "what" }, el("b", {}, request.method), " ", request.path,
      el("small", { class: "soft" }, " " + request.host + (request.protocol === "HTTP/2.0" ? " · h2" : ""))),
    el("span", { class: "status" }, String(request.status || "no answer"), outcome ? el("small", {}, " " + outcome) : null),
    el("span", { class: "took" }, millis(request.total_us / 1000)),
    bar,
    el("small", { class: "soft more" }, [request.failed ? (request.outcome === "served" ? "the app itself answered so" : request.means) : "",
                                         (request.upstream || request.pool) + (request.upstream_protocol === "HTTP/2.0" ? ", h2" : ""), request.tries > 1 ? request.tries + " tries" : "",
                                         request.detail, request.id].filter(Boolean).join(" · ")));
}

const kLately = 5 * 60_000;

function drawRequests() {
  const lately = live[which].filter((request) => which === "failed" || live.now() - request.at < kLately);
  const rows = which === "failed" ? lately.slice(-50).reverse()
    : lately.sort((a, b) => b.total_us - a.total_us).slice(0, 25);
  const longest = Math.max(1, ...rows.map((request) => request.total_us));
  $("requests").replaceChildren(...(rows.length ? rows.map((request) => requestRow(request, longest))
    : [el("p", { class: "empty" }, which === "failed" ? "No request has failed." : "No request in the last five minutes.")]));
}

export function startHappened() {
  for (const button of document.querySelectorAll("[data-which]"))
    button.onclick = () => {
      which = button.dataset.which;
      for (const other of document.querySelectorAll("[data-which]"))
        other.setAttribute("aria-pressed", String(other === button));
      drawRequests();
    };
  onChange((changed) => {
    if (changed === null || changed.has("events")) drawEvents();
    if (changed === null || changed.has("requests")) drawRequests();
  });
}
