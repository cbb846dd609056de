// What the server says, and who wants to know. One snapshot, then what has changed each second; when the connection is
// lost the browser comes back by itself and is sent everything anew.

const kSeconds = 300, kSparks = 60, kEvents = 200, kFailed = 100, kSlow = 150;

export const live = {
  values: new Map(),   // "up/app/app.1" -> what the server put there
  points: [],          // [requests, errors, p50, p95, p99, in flight, held], a second each, the newest last
  second: 0,           // of the newest, by the server's count
  sparks: new Map(),   // "up/app/app.1" -> [[requests, errors, p95], …], five seconds each
  events: [],          // the newest last
  failed: [],
  slow: [],
  skew: 0,             // the server's clock less ours, milliseconds
  now() { return Date.now() + this.skew; },
  get(key) { return this.values.get(key); },
};

const listeners = [];
// `call(changed)`: the keys that have changed, or null for all of them.
export function onChange(call) { listeners.push(call); }

function tell(changed) {
  for (const call of listeners) call(changed);
}

function keep(list, fresh, most, same) {
  for (const item of fresh) if (!list.some((old) => same(old, item))) list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}

const sameEvent = (a, b) => a.id === b.id;
const sameRequest = (a, b) => a.id === b.id && a.at === b.at;

function take(data, changed) {
  live.skew = data.now - Date.now();
  for (const [key, value] of Object.entries(data.set ?? {})) {
    live.values.set(key, value);
    changed?.add(key);
  }
  for (const key of data.gone ?? []) {
    live.values.delete(key);
    live.sparks.delete(key);
    changed?.add(key);
  }
  if (data.points) {
    const fresh = Math.min(data.points.length, data.second - live.second);
    live.points.push(...data.points.slice(data.points.length - fresh));
    live.points.splice(0, live.points.length - kSeconds);
    live.second = data.second;
  }
  keep(live.events, data.events ?? [], kEvents, sameEvent);
}

function snapshot(data) {
  Object.assign(live, { values: new Map(), points: [], second: 0, sparks: new Map(), events: [], failed: [], slow: [] });
  live.second = data.second - data.points.length;
  take(data, null);
  for (const [key, line] of Object.entries(data.sparks)) live.sparks.set(key, line);
  live.failed = data.requests.failed;
  live.slow = data.requests.slow;
  tell(null);
}

function tick(data) {
  const changed = new Set();
  take(data, changed);
  if (data.points) changed.add("points");
  if (data.events) changed.add("events");
  for (const [key, point] of Object.entries(data.sparks ?? {})) {
    const line = live.sparks.get(key) ?? [];
    line.push(point);
    line.splice(0, line.length - kSparks);
    live.sparks.set(key, line);
  }
  if (data.sparks) changed.add("sparks");
  if (data.requests) {
    keep(live.failed, data.requests.filter((request) => request.failed), kFailed, sameRequest);
    keep(live.slow, data.requests.filter((request) => !request.failed), kSlow, sameRequest);
    changed.add("requests");
  }
  tell(changed);
}

// `state`: "live", "lost", "late" (open, and yet nothing comes).
export function connect(state) {
  let last = Date.now();
  const open = () => {
    const source = new EventSource("api/v1/stream");
    const heard = (take) => (event) => {
      last = Date.now();
      state("live");
      take(JSON.parse(event.data));
    };
    source.addEventListener("snapshot", heard(snapshot));
    source.addEventListener("tick", heard(tick));
    source.onerror = () => {
      state("lost");
      // An answer that is no stream (a 503 while too many pages are open) ends it for good: we begin anew.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    };
  };
  open();
  setInterval(() => { if (Date.now() - last > 4000) state("late"); }, 1000);
}
