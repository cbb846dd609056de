// The app of the story: a page, a route that ends the whole process, and a health check. Nothing in it knows of frontdoor.
'use strict';
const fs = require('fs');
const http = require('http');

const server = http.createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok\n');
  if (request.url === '/read') {
    return fs.readFile('no-such-file.txt', (error, text) => {
      if (error) throw error;  // nobody catches it, so Node ends
      response.end(text);
    });
  }
  response.end(`hello from process ${process.pid}\n`);
});

server.listen(process.env.PORT || 3000, () => console.log(`listening on ${server.address().port}`));
