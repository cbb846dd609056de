// A WebSocket client as people use it (ws), told what to do by its arguments; prints one JSON object a line.
//
//   websocket_client.js ADDRESS echo COUNT BYTES     messages that must come back as they were, all on their way at once
//   websocket_client.js ADDRESS ping                 a ping each way
//   websocket_client.js ADDRESS close CODE REASON    closes, and says what came back
//   websocket_client.js ADDRESS listen TARGET        what the app says, and how it ends
//   websocket_client.js ADDRESS hold COUNT           so many WebSockets, until the other side closes them
'use strict';
const WebSocket = require('ws');

const [address, command, ...rest] = process.argv.slice(2);
const say = (object) => console.log(JSON.stringify(object));
const open = (target) => new WebSocket(`ws://${address}${target}`, { perMessageDeflate: false });
const fail = (error) => {
  say({ error: error.message });
  process.exit(1);
};

const commands = {
  echo: (count, bytes) => {
    const ws = open('/echo').on('error', fail);
    let back = 0;
    const message = (i) => Buffer.alloc(Number(bytes), `message ${i} `);
    ws.on('open', () => {
      for (let i = 0; i < Number(count); i++) ws.send(message(i));
    });
    ws.on('message', (data) => {
      if (!message(back).equals(data)) fail(new Error(`message ${back} came back changed`));
      if (++back === Number(count)) ws.close(1000);
    });
    ws.on('close', (code) => say({ back, code }));
  },

  ping: () => {
    const ws = open('/ping').on('error', fail);
    const seen = {};
    const done = () => seen.pong && seen.app && (say(seen), ws.close());
    ws.on('open', () => ws.ping('from the client'));
    ws.on('ping', (data) => (seen.ping = data.toString()));
    ws.on('pong', (data) => (seen.pong = data.toString(), done()));
    ws.on('message', (data) => (seen.app = data.toString(), done()));
  },

  close: (code, reason) => {
    const ws = open('/echo').on('error', fail);
    ws.on('open', () => ws.close(Number(code), reason));
    ws.on('close', (got, why) => say({ code: got, reason: why.toString() }));
  },

  listen: (target) => {
    const ws = open(target).on('error', fail);
    ws.on('message', (data) => (say({ message: data.toString() }), ws.close(1000)));
    ws.on('close', (code, why) => say({ code, reason: why.toString() }));
  },

  hold: (count) => {
    let opened = 0;
    let errors = 0;
    const codes = [];
    const started = process.hrtime.bigint();
    for (let i = 0; i < Number(count); i++) {
      const ws = open('/echo');
      ws.on('open', () => ++opened === Number(count) && say({ opened }));
      ws.on('error', () => (errors += 1));
      ws.on('close', (code) => {
        codes.push({ code, ms: Number((process.hrtime.bigint() - started) / 1000000n) });
        if (codes.length === Number(count)) say({ codes, errors });
      });
    }
  },
};
commands[command](...rest);
