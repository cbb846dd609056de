// An app that is replaced while it is in use: WebSockets, slow answers, and several ways to stop answering. ENDS = exit
// status with which it ends as soon as it is asked for /end.
'use strict';
const http = require('http');
const { WebSocketServer } = require('ws');

let hangs = false;
let checksWait = false;  // checks get no answer, requests do: slow, not hung
const server = http.createServer((request, response) => {
  if (hangs) return;  // the process is well, but nothing comes
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  if (pathname === '/end') process.exit(Number(searchParams.get('status')));
  if (pathname === '/healthz' && checksWait) return void console.log('a check waits');
  if (pathname === '/checks-wait') checksWait = true;
  if (pathname === '/hang') return void (hangs = true);
  if (pathname === '/spin') for (;;);
  if (pathname === '/slow') {
    console.log('slow began');
    return void setTimeout(() => response.end('slow'), Number(searchParams.get('ms')));
  }
  if (pathname === '/half') return response.write('half'), void setTimeout(() => process.exit(7), 50);
  const { FRONTDOOR_INSTANCE, RELEASE } = process.env;
  response.end(JSON.stringify({ pid: process.pid, FRONTDOOR_INSTANCE, RELEASE }));
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', () => console.log('websocket open'));

process.on('SIGTERM', () => {
  if (process.env.STUBBORN) return;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
process.on('SIGUSR2', () => console.error('it hangs in: nothing at all'));
server.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
