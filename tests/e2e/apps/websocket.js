// An app with WebSockets behind the door: plain Node and ws. Environment and first line as in app.js. PROTOCOL=h2c: Node's
// http2 by prior knowledge, whose WebSockets are streams (RFC 8441); SETTING=off: it does not allow them.
'use strict';
const http = require('http');
const http2 = require('http2');
const { WebSocket, WebSocketServer } = require('ws');

const name = process.env.NAME || String(process.pid);
const closed = [];  // codes of the WebSockets that have ended, as they arrived here

// For a browser: says hello on a WebSocket, and tells what it hears.
const page = `<!doctype html><script>
  const socket = new WebSocket('wss://' + location.host + '/');
  socket.onopen = () => socket.send('hello');
  socket.onmessage = (event) => fetch('/closed?heard=' + event.data);
  socket.onerror = () => fetch('/closed?failed');
</script>`;

const http2Server = () => http2.createServer({ settings: process.env.SETTING === 'off' ? {} : { enableConnectProtocol: true } });
const server = process.env.PROTOCOL === 'h2c' ? http2Server() : http.createServer();
const opened = [];  // what was said of each in its head
server.on('request', (req, res) => {
  res.setHeader('X-App', name);
  if (req.url.startsWith('/closed')) return res.end(JSON.stringify(closed));
  if (req.url.startsWith('/opened')) return res.end(JSON.stringify(opened));
  if (req.url === '/page') return res.setHeader('Content-Type', 'text/html'), res.end(page);
  res.end(`hello from ${name}\n`);
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 << 20 });
server.on('upgrade', (req, socket, head) => {
  const { pathname, searchParams } = new URL(req.url, 'http://app');
  if (pathname === '/refuse') {
    return socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnope\n');
  }
  sockets.handleUpgrade(req, socket, head, (ws) => talk(ws, pathname, searchParams));
});
if (process.env.PROTOCOL === 'h2c') server.on('connect', () => {});  // or Node answers each of them with a 405
server.on('stream', (stream, headers) => {
  if (headers[':method'] !== 'CONNECT') return;
  const { pathname, searchParams } = new URL(headers[':path'], 'http://app');
  stream.on('error', () => {});
  if (pathname === '/refuse') return stream.respond({ ':status': 403 }), stream.end('nope\n');
  opened.push(headers);
  stream.respond({ ':status': 200 });
  stream.setNoDelay = () => {};  // ws takes it for a socket
  const ws = new WebSocket(null);
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: 64 << 20 });
  talk(ws, pathname, searchParams);
});

function talk(ws, pathname, searchParams) {
  ws.on('close', (code) => closed.push(code));
  if (pathname === '/close') return ws.close(Number(searchParams.get('code')), searchParams.get('reason'));
  if (pathname === '/greet') return ws.send('welcome');  // in one segment with the handshake, or nearly
  if (pathname === '/ping') return ws.on('pong', (data) => ws.send(`pong ${data}`)), ws.ping('from the app');
  ws.on('message', (data, binary) => ws.send(data, { binary }));
}

server.listen(Number(process.env.PORT || '0'), process.env.HOST || '127.0.0.1', () => {
  const at = server.address();
  console.log(`listening ${at.address}:${at.port}`);
});
