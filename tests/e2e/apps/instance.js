// An app that frontdoor starts itself: it tells who it is, dies when asked, and says what reaches it. LATE = milliseconds
// before it listens; WITHOUT_LISTENING = it never does; STUBBORN = it ignores its stop signal.
'use strict';
const http = require('http');
const { spawn } = require('child_process');

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/die') process.exit(7);
  if (path === '/slow') return void setTimeout(() => response.end('slow\n'), 500);
  if (path === '/helper') {  // a child in a session of its own, which outlives a careless parent
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    child.unref();
    return void response.end(String(child.pid));
  }
  const { PORT, FRONTDOOR_INSTANCE, NODE_APP_INSTANCE, RELEASE } = process.env;
  response.setHeader('X-App', FRONTDOOR_INSTANCE);
  response.end(JSON.stringify({ pid: process.pid, PORT, FRONTDOOR_INSTANCE, NODE_APP_INSTANCE, RELEASE, tty: !!process.stdin.isTTY }));
});

let signals = 0;
process.on('SIGTERM', () => {
  console.log(`SIGTERM number ${++signals}`);
  if (process.env.STUBBORN) return;
  server.close(() => { console.log('last words'); process.exit(0); });
  server.closeIdleConnections();
});
if (process.env.WITHOUT_LISTENING) setInterval(() => {}, 1000);
else setTimeout(() => server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening')), Number(process.env.LATE || 0));
