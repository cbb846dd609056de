// A client of Node's http2 module for the end-to-end tests: h2_client.js URL SCENARIO prints what it saw as JSON.
'use strict';
const http2 = require('http2');

const [url, scenario] = process.argv.slice(2);
const session = http2.connect(url);
const seen = { goaway: [], closed: false };
session.on('goaway', (code, last) => seen.goaway.push([code, last]));
session.on('close', () => { seen.closed = true; });
session.on('error', (error) => { seen.error = String(error); });

function request(fields, body, options) {
  return new Promise((resolve) => {
    const stream = session.request(fields, options);
    const answer = { status: 0, length: 0, trailers: {}, code: null, error: null };
    stream.on('response', (headers) => { answer.status = headers[':status']; answer.headers = headers; });
    stream.on('data', (chunk) => { answer.length += chunk.length; answer.text = ((answer.text || '') + chunk.toString('latin1').slice(0, 100)).slice(0, 4000); });
    stream.on('trailers', (trailers) => { answer.trailers = trailers; });
    stream.on('error', (error) => { answer.error = error.code || String(error); });
    stream.on('close', () => { answer.code = stream.rstCode; resolve(answer); });
    if (body !== undefined) stream.end(body);
    answer.stream = stream;
    stream.answer = answer;
  }).then((answer) => { delete answer.stream; return answer; });
}

const scenarios = {
  // Many at a time on one connection.
  many: async () => {
    const all = [];
    for (let i = 0; i < 100; i++) all.push(request({ ':path': '/slow?ms=' + (i % 10) * 10 }));
    return { answers: (await Promise.all(all)).map((answer) => answer.status) };
  },
  // 8 MiB up and down again.
  echo: async () => ({ answer: await request({ ':path': '/echo', ':method': 'POST' }, Buffer.alloc(8 << 20, 'e')) }),
  // An app that answers before it has read: its answer is whole although the upload goes on.
  early: async () => {
    const started = Date.now();
    const stream = session.request({ ':path': '/early', ':method': 'POST' });
    const answer = { status: 0, length: 0, error: null };
    const chunk = Buffer.alloc(16384, 'u');
    const feed = setInterval(() => { if (!stream.destroyed && stream.writable) stream.write(chunk); }, 1);
    stream.on('error', (error) => { answer.error = error.code || String(error); });
    await new Promise((resolve) => {
      stream.on('response', (headers) => { answer.status = headers[':status']; });
      stream.on('data', (bytes) => { answer.length += bytes.length; });
      stream.on('close', resolve);
    });
    clearInterval(feed);
    answer.code = stream.rstCode;
    answer.ms = Date.now() - started;
    const next = await request({ ':path': '/' });
    return { answer, next };
  },
  cancel: async () => {
    const stream = session.request({ ':path': '/slow?ms=20000' });
    stream.on('error', () => {});
    setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 300);
    await new Promise((resolve) => stream.on('close', resolve));
    return { next: await request({ ':path': '/' }) };
  },
  // RFC 8441: a WebSocket is a stream; it says hello and goodbye, and other streams go on beside it.
  websocket: async () => {
    const settings = await new Promise((resolve) => {
      if (session.remoteSettings && session.remoteSettings.enableConnectProtocol !== undefined) resolve(session.remoteSettings);
      else session.once('remoteSettings', resolve);
    });
    const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/', 'sec-websocket-version': '13' },
      { endStream: false });
    const answer = { allowed: settings.enableConnectProtocol, status: 0, received: '', error: null };
    let got = Buffer.alloc(0);
    stream.on('error', (error) => { answer.error = error.code || String(error); });
    stream.on('response', (headers) => { answer.status = headers[':status']; stream.write(frame(1, Buffer.from('hello'))); });
    stream.on('data', (bytes) => {
      got = Buffer.concat([got, bytes]);
      if (got.length === 7) request({ ':path': '/closed' }).then((beside) => { answer.beside = beside.status; stream.write(frame(8, Buffer.from([3, 0xe8]))); });
      if (got.length === 11) stream.end();
    });
    await new Promise((resolve) => stream.on('close', resolve));
    answer.received = got.toString('hex');
    answer.code = stream.rstCode;
    return answer;
  },
  // Eight requests at a time, one after the other, until its standard input ends.
  steady: async () => {
    let more = true;
    const counts = {};
    process.stdin.on('end', () => { more = false; }).resume();
    process.stdout.write('begun\n');
    const loop = async () => {
      while (more) {
        const answer = await request({ ':path': '/slow?ms=5' });
        const what = answer.error || answer.status;
        counts[what] = (counts[what] || 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, loop));
    return { counts };
  },
  // Asks until it is told to go elsewhere, with one request under way all the time.
  drained: async () => {
    const answers = [];
    const slow = request({ ':path': '/slow?ms=1500' });
    process.stdout.write('begun\n');
    while (!session.closed && !session.destroyed && seen.goaway.length < 2) {
      const answer = await request({ ':path': '/' });
      answers.push(answer.status || 'code ' + answer.code);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { answers, slow: await slow };
  },
};

scenarios[scenario]().then((result) => {
  session.close();
  setTimeout(() => {
    process.stdout.write(JSON.stringify({ ...result, ...seen }) + '\n', () => process.exit(0));
  }, 100);
});
