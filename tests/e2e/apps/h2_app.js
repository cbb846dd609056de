// An app of Node's http2 module on 127.0.0.1:PORT, by prior knowledge. /goaway: this connection is to be used no more. /die: it
// ends at once.
'use strict';
const http2 = require('http2');

let sessions = 0;
const server = http2.createServer();
server.on('session', (session) => { session.number = ++sessions; });
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  const path = headers[':path'].split('?')[0];
  const answer = (more, body = '') => {
    if (stream.destroyed) return;  // nghttp2 ends those that came while a GOAWAY was on its way: they are asked again elsewhere
    stream.respond({ ':status': 200, ...more });
    stream.end(body);
  };
  switch (path) {
    case '/echo':
      stream.respond({ ':status': 200 });
      return void stream.pipe(stream);
    case '/early':  // says no before it has read
      stream.respond({ ':status': 413, 'content-length': 2 });
      stream.end('no');
      return void stream.resume();
    case '/trailers':
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': '1' }));
      return void stream.end('body');
    case '/large': return answer({}, Buffer.alloc(4 << 20, 'l'));
    case '/events':
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      return void stream.write('data: 1\n\n');
    case '/goaway':
      answer({}, 'going');
      return void stream.session.goaway(0);
    case '/slow': return void setTimeout(() => answer({}, 'slow'), 300);
    case '/die': return void process.exit(1);
    default: return answer({ 'x-session': String(stream.session.number), 'x-app': process.env.NAME }, JSON.stringify(headers));
  }
});
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log(`listening 127.0.0.1:${process.env.PORT}`));
