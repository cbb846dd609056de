// An app as it might be in a container: it answers, takes its time, can crash, grow without end, and it ends in order when it is asked to.
'use strict';
const http = require('http');
const os = require('os');

const server = http.createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok\n');
  if (request.url === '/slow') return setTimeout(() => response.end('at last\n'), 2000);
  if (request.url === '/crash') process.abort();
  if (request.url === '/grow') for (const kept = []; ;) kept.push(Buffer.alloc(10e6, 1));
  if (request.url === '/exit') {
    response.end('bye\n');
    return server.close(() => process.exit(0));
  }
  response.setHeader('X-Instance', process.env.FRONTDOOR_INSTANCE || '-');
  response.end(`hello from ${os.hostname()}, process ${process.pid}\n`);
});

// On TERM no new request comes; what is open may finish, and then there is nothing left to do.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
server.listen(process.env.PORT || 3000);
