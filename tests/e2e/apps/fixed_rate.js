// GETs at a fixed rate over TLS, for support/load.py: what fixed_rate.py is for plain HTTP/1.1, with the same report.
//
//   fixed_rate.js PROTOCOL ADDRESS TARGET RATE SECONDS TIMEOUT CONNECTIONS      PROTOCOL: https, h2 (over TLS), h2c
//
// A slow answer does not slow the next request down, and whatever is no complete 200 is a failure. Certificates are not
// looked at; at most 256 connections of HTTPS, since their handshakes cost this process more than all else. It stops early
// at the end of its standard input.
'use strict';
const http2 = require('http2');
const https = require('https');
const { performance } = require('perf_hooks');

const [protocol, address, target] = process.argv.slice(2, 5);
const [rate, seconds, timeout, connections] = process.argv.slice(5).map(Number);

const CATCHES_UP = 0.25;  // seconds
const failures = [], latencies = [], byApp = {};
let requests = 0, leftOut = 0, running = 0, begun = 0, stopped = false;

function ended(at, app, reason) {
  --running;
  const ms = performance.now() - at;
  if (reason) {
    failures.push({ method: 'GET', at_s: (at - begun) / 1000, unix: (performance.timeOrigin + at) / 1000, took_ms: ms, reason });
  } else {
    latencies.push(ms);
    byApp[app] = (byApp[app] || 0) + 1;
  }
}

// ---- One protocol or the other: each has ask(done), done(app, reason)

function overHttps() {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 256, maxFreeSockets: 256, rejectUnauthorized: false });
  return (done) => {
    const request = https.get(`https://${address}${target}`, { agent, timeout: timeout * 1000 }, (answer) => {
      answer.resume();
      answer.on('error', (error) => done(null, error.code || String(error)));
      answer.on('end', () => done(answer.headers['x-app'], answer.statusCode === 200 ? null : `status ${answer.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', (error) => done(null, error.code || String(error)));
  };
}

function overHttp2(scheme) {
  const sessions = [];
  let next = 0;
  const open = (place) => {
    const session = http2.connect(`${scheme}://${address}`, { rejectUnauthorized: false });
    sessions[place] = session;
    // Those that are on it tell it themselves.
    session.on('error', () => {});
    for (const event of ['goaway', 'close']) session.on(event, () => { if (sessions[place] === session) open(place); });
  };
  for (let place = 0; place < connections; ++place) open(place);
  return (done) => {
    const stream = sessions[next++ % connections].request({ ':path': target });
    let headers = {}, reason = null;
    stream.setTimeout(timeout * 1000, () => { reason = 'no answer in time'; stream.close(http2.constants.NGHTTP2_CANCEL); });
    stream.on('response', (fields) => { headers = fields; });
    stream.on('error', (error) => { reason = reason || error.code || String(error); });
    stream.on('close', () => {
      const status = headers[':status'];
      if (!reason && status !== 200) reason = `status ${status}`;
      if (!reason && stream.rstCode !== 0) reason = `reset with ${stream.rstCode}`;
      done(headers['x-app'], reason);
    });
    stream.resume();
    stream.end();
  };
}

const ask = protocol === 'https' ? overHttps() : overHttp2(protocol === 'h2c' ? 'http' : 'https');

function report() {
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share) => Number((sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] || 0).toFixed(2));
  return { requests, left_out: leftOut, seconds: (performance.now() - begun) / 1000, failed: failures.length, failures: failures.slice(0, 50), by_app: byApp,
           posts: 0, posts_failed: [], latency_ms: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) } };
}

process.stdin.resume();
process.stdin.on('end', () => { stopped = true; });
console.log('running');
begun = performance.now();
const ticks = setInterval(() => {
  const elapsed = Math.min((performance.now() - begun) / 1000, seconds);
  // After a hiccup of this process it catches up, so that the rate is what was asked for, to the end; not after a longer one
  // (fixed_rate.py says why).
  const due = Math.floor(elapsed * rate);
  leftOut += Math.max(0, due - requests - leftOut - Math.max(1, Math.floor(CATCHES_UP * rate)));
  while (!stopped && requests + leftOut < due) {
    ++requests;
    ++running;
    const started = performance.now();
    let told = false;
    ask((app, reason) => { if (!told) told = true, ended(started, app, reason); });
  }
  if ((stopped || elapsed >= seconds) && running === 0) {
    clearInterval(ticks);
    process.stdout.write(`${JSON.stringify(report())}\n`, () => process.exit(0));
  }
}, 2);
