// An app that keeps books: LEDGER is a file to which it appends a line when a POST /write?id=N has come and another when it
// answers, so that one can tell afterwards what was done, by whom, and what was under way when it was killed.
// RELEASE=bad: it never listens. /leak?mb=N: it grows by that, for good.
'use strict';
const fs = require('fs');
const http = require('http');

const { LEDGER, PORT, RELEASE } = process.env;
const books = LEDGER ? fs.openSync(LEDGER, 'a') : -1;
const note = (what, id) => books < 0 || fs.writeSync(books, `${what} ${id} ${process.pid}\n`);
const leaked = [];

const server = http.createServer((request, response) => {
  const [path, query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(query);
  response.setHeader('X-App', String(process.pid));
  if (path === '/write') {
    const id = parameters.get('id');
    note('begin', id);
    request.resume();
    return void setTimeout(() => {
      note('end', id);
      response.end(`wrote ${id}\n`);
    }, 20);
  }
  if (path === '/leak') {
    leaked.push(Buffer.alloc(Number(parameters.get('mb')) << 20, 1));
    return response.end('leaked\n');
  }
  if (path === '/release') return response.end(RELEASE || '');
  response.end(`hello from ${process.pid}\n`);
});

// As the manuals of process managers ask: finish what is under way, then end.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

if (RELEASE === 'bad') setInterval(() => {}, 1000);
else {
  const where = /^\d+$/.test(PORT) ? { port: Number(PORT), host: '127.0.0.1' } : { path: PORT };
  server.listen(where, () => console.log(`listening ${where.path ? `unix:${PORT}` : `127.0.0.1:${PORT}`}`));
}
