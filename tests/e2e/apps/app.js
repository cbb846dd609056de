// The app behind the door in the end-to-end tests: plain Node, nothing but what a real one would do, and a path for
// each way to answer. PORT is a port (0 = any) or a socket path, HOST the address; it prints where it listens.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

const name = process.env.NAME || String(process.pid);
const state = { requests: 0, connections: 0, healthy: true };
const inFlight = new Set();

// Each handler gets (request, response, query).
const routes = {
  '/': (req, res) => {
    req.resume();
    res.end(`hello from ${name}\n`);
  },

  '/healthz': (req, res) => {
    res.statusCode = state.healthy ? 200 : 503;
    res.end(state.healthy ? 'ok\n' : 'not well\n');
  },
  '/unwell': (req, res) => (state.healthy = false, res.end('unwell\n')),
  '/well': (req, res) => (state.healthy = true, res.end('well\n')),
  '/state': (req, res) => res.end(JSON.stringify(state)),
  '/in-flight': (req, res) => res.end([...inFlight].join('\n')),

  // What arrived here, for everything a proxy adds, removes or keeps.
  '/received': (req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks);
      res.setHeader('Content-Type', 'application/json');
      res.end(JSON.stringify({
        name, method: req.method, target: req.url, version: req.httpVersion, headers: req.headers, raw: req.rawHeaders,
        trailers: req.trailers, length: body.length, body: body.subarray(0, 1000).toString('latin1'),
      }));
    });
  },

  '/slow': (req, res, query) => {
    req.resume();
    setTimeout(() => res.end(`slow hello from ${name}\n`), Number(query.get('ms') || 1000));
  },

  // Events without an end.
  '/events': (req, res) => {
    req.resume();
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const beat = setInterval(() => res.write('data: beat\n\n'), 100);
    res.on('close', () => clearInterval(beat));
  },

  // A query of death; ?ms=… takes so long to kill.
  '/die': (req, res, query) => void setTimeout(() => process.exit(1), Number(query.get('ms') || 0)),

  // Answers while it reads: whoever proxies this must carry both directions at once.
  '/echo': (req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    res.flushHeaders();
    req.pipe(res);
  },

  // The final response is complete before the upload is.
  '/early': (req, res) => {
    res.writeHead(413, { 'Content-Type': 'text/plain' });
    res.end('too much\n');
    req.resume();
  },

  // So many bytes of a pattern that a checksum can be computed for; ?chunked=1 without a length.
  '/big': (req, res, query) => {
    let left = Number(query.get('bytes') || 1 << 20);
    if (!query.get('chunked')) res.setHeader('Content-Length', left);
    const block = Buffer.alloc(64 * 1024, 'frontdoor-e2e-16');
    const more = () => {
      while (left > 0) {
        const part = left >= block.length ? block : block.subarray(0, left);
        left -= part.length;
        if (!res.write(part)) return res.once('drain', more);
      }
      res.end();
    };
    more();
  },

  // The end of the body is the end of the connection.
  '/until-close': (req, res) => {
    res.socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nuntil the very end\n');
  },

  // Promises more than it sends.
  '/truncated': (req, res) => {
    res.writeHead(200, { 'Content-Length': 1000 });
    res.write('not all of it', () => res.destroy());
  },

  // No HTTP: nobody can tell where its body ends.
  '/two-lengths': (req, res) => {
    res.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab');
  },

  '/hints': (req, res) => {
    res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }, () => res.end('after the hints\n'));
  },

  '/trailers': (req, res) => {
    res.writeHead(200, { Trailer: 'X-Checksum' });
    res.write('with trailers\n');
    res.addTrailers({ 'X-Checksum': '42' });
    res.end();
  },
};

const environment = process.env;
let mayBeReset = 0;

// With CERT and KEY, files in PEM, it speaks https.
const serve = (handler) => environment.CERT
  ? https.createServer({ cert: fs.readFileSync(environment.CERT), key: fs.readFileSync(environment.KEY) }, handler)
  : http.createServer(handler);

const server = serve((req, res) => {
  state.requests += 1;
  // RESET_HALF: reads the request, then breaks every other connection. The health check is spared: it would notice.
  if (environment.RESET_HALF && req.url !== '/healthz' && mayBeReset++ % 2) return req.socket.resetAndDestroy();
  // SILENT_KEEP_ALIVE: closes idle connections as others do, but does not announce when.
  if (environment.SILENT_KEEP_ALIVE) res.setHeader('Connection', 'keep-alive');
  const label = `${req.method} ${req.url}`;
  inFlight.add(label);
  res.on('close', () => inFlight.delete(label));
  res.setHeader('X-App', name);
  // Not URL: it would take //host/path for a host.
  const [path, query = ''] = req.url.split(/\?(.*)/s);
  const status = path.match(/^\/status\/(\d{3})$/);
  if (status) {
    req.resume();
    res.statusCode = Number(status[1]);
    return res.end(`status ${status[1]}\n`);
  }
  const route = routes[path];
  if (route) return route(req, res, new URLSearchParams(query));
  req.resume();
  res.end(`${req.method} ${req.url} from ${name}\n`);
});

if (environment.KEEP_ALIVE_MS) server.keepAliveTimeout = Number(environment.KEEP_ALIVE_MS);

const port = process.env.PORT || '0';
const where = /^\d+$/.test(port) ? { port: Number(port), host: process.env.HOST || '127.0.0.1' } : { path: port };
server.listen(where, () => {
  const at = server.address();
  if (typeof at === 'string') return console.log(`listening unix:${at}`);
  console.log(`listening ${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`);
});
server.on('connection', () => (state.connections += 1));
server.on('error', (error) => {
  console.error(`cannot listen: ${error.message}`);
  process.exit(1);
});
