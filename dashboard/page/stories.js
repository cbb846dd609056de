// Events in words, and which of them tell one thing: a crash is logged by whoever notices it, the process' parent, its
// checks, and those who know what was on it. To somebody who looks it is one line. Pure.

import { millis } from "./format.js";

const kinds = {
  good: ["recovered", "started", "up", "rolled", "reloaded", "upgraded"],
  bad: ["evicted", "crash_loop", "ended", "reload_refused", "upgrade_failed", "front_door_crashed", "query_of_death", "hung", "not_ready", "roll_failed", "lines_lost"],
  note: ["operator", "certificate", "limit", "draining"],
};

// How it is shown: "good", "bad", "note", or "quiet": nothing that a chart needs.
export function kindOf(event) {
  for (const [shown, words] of Object.entries(kinds)) if (words.includes(event.kind)) return shown;
  if (event.level === "error") return "bad";
  if (event.level === "warn") return "note";
  return event.upstream ? "note" : "quiet";
}

// "app.1: upstream down, connection refused"
export function wordsOf(event) {
  const who = event.upstream ?? event.pool;
  const fields = event.fields ?? {};
  const why = [fields.reason, fields.end, fields.cause].filter(Boolean)[0];
  return (who ? who + ": " : "") + event.text + (why ? ", " + why : "");
}

// Fields whose name says little, or nothing but to who has read the log's reference.
const inWords = {
  next_ms: (value) => (value < 0 ? "is not started again" : `starts again in ${millis(value)}`),
  lives: () => "",
  on_it_each_time: (value) => `on it each time: ${value}`,
  requests: (value) => (typeof value === "string" ? `on it: ${value}` : `requests ${value}`),
  from: (value) => `was ${value}`,
};

const told = new Set(["reason", "end", "cause", "pool", "upstream", "instance", "address"]);

export function moreOf(event) {
  return Object.entries(event.fields ?? {})
    .filter(([name, value]) => !told.has(name) && value !== "" && value !== null)
    .map(([name, value]) => (inWords[name] ?? ((it) => `${name.replaceAll("_", " ")} ${it}`))(value)).filter(Boolean);
}

const kTogether = 3_000;  // milliseconds from the first to the last that tell of one thing

// Each with the one that tells it best first.
const tellers = {
  death: ["crash_loop", "ended", "evicted", "casualties"],
  return: ["up", "recovered"],
};

function thingOf(event) {
  return Object.keys(tellers).find((thing) => tellers[thing].includes(event.kind));
}

// "app.3" of "app.3 (127.0.0.1:24003)", as the address is only one of the two's.
const whoOf = (event) => event.upstream && `${event.pool}/${event.upstream.replace(/ \(.*\)$/, "")}`;

// [{ at, event, others }], oldest first: `event` is the one that tells it.
export function storiesOf(events) {
  const stories = [], last = new Map();
  for (const event of events) {
    const who = whoOf(event), thing = thingOf(event), at = Date.parse(event.time);
    const before = last.get(who);
    if (who && thing && before?.thing === thing && at - before.at < kTogether) {
      const rank = (each) => tellers[thing].indexOf(each.kind);
      const better = rank(event) < rank(before.event);
      before.others.push(better ? before.event : event);
      if (better) before.event = event;
      continue;
    }
    const story = { at, thing, event, others: [] };
    stories.push(story);
    // What only tells more of it (which request was to blame) does not come between; a start does.
    if (who && (thing || event.kind === "started")) last.set(who, story);
  }
  return stories;
}

// What the others add: which requests were on it. That it went down, or came up, has been said.
export function moreOfStory({ event, others }) {
  return [...others.filter((each) => each.kind === "casualties"), event].flatMap(moreOf);
}
