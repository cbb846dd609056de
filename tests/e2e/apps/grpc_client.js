// A gRPC client of @grpc/grpc-js: grpc_client.js ADDRESS SCENARIO prints what it saw as JSON. It sends nothing again by itself.
'use strict';
const { grpc, echo } = require('./grpc_echo.js');

const [address, scenario] = process.argv.slice(2);
const Client = grpc.makeGenericClientConstructor(echo, 'Echo');
let channels = 0;
const connect = () => new Client(address, grpc.credentials.createInsecure(),
  { 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1, 'test.channel': channels++ });
const client = connect();

const deadline = (ms) => ({ deadline: Date.now() + ms });
const unary = (name, text, options = deadline(20000), on = client) => new Promise((resolve) => {
  const answer = {};
  const call = on[name](Buffer.from(text), options, (error, reply) => {
    answer.code = error ? error.code : 0;
    if (error) answer.details = error.details;
    else answer.reply = reply.toString();
    setImmediate(() => resolve(answer));
  });
  call.on('metadata', (metadata) => { answer.server = String(metadata.get('x-server')); });
  call.on('status', (status) => { answer.trailer = String(status.metadata.get('x-trailer')); });
});
const stream = (call, act) => new Promise((resolve) => {
  const seen = { messages: [], code: null };
  call.on('data', (message) => { seen.messages.push(message.toString()); if (seen.on) seen.on(message); });
  call.on('error', () => {});
  call.on('status', (status) => { seen.code = status.code; seen.details = status.details; delete seen.on; resolve(seen); });
  if (act) act(call, seen);
});

const scenarios = {
  unary: () => unary('Unary', 'hello'),
  large: async () => {
    const text = 'x'.repeat(3 << 20);
    const answer = await unary('Unary', text);
    return { code: answer.code, same: answer.reply === text };
  },
  fail: () => unary('Fail', ''),
  // Each must have its own status: a reset behind it would make some of them INTERNAL.
  failures: async () => {
    const codes = {};
    for (let round = 0; round < 10; round++)
      for (const { code } of await Promise.all(Array.from({ length: 50 }, () => unary('Fail', ''))))
        codes[code] = (codes[code] || 0) + 1;
    return codes;
  },
  late: () => unary('Slow', '5000', deadline(300)),
  cancel: () => new Promise((resolve) => {
    const call = client.Slow(Buffer.from('10000'), deadline(20000), (error) => resolve({ code: error.code }));
    call.on('metadata', () => call.cancel());  // it has reached the server
  }),
  die: () => unary('Die', ''),
  collect: () => new Promise((resolve) => {
    const call = client.Collect(deadline(20000), (error, reply) => resolve({ code: error ? error.code : 0, reply: reply && reply.toString() }));
    for (let i = 0; i < 10; i++) call.write(Buffer.from(String(i)));
    call.end();
  }),
  // Goes on sending while the answer is there: each of these must have its status, and soon.
  early: async () => {
    const seen = { codes: {}, slowest: 0 };
    for (let round = 0; round < 10; round++) {
      const started = Date.now();
      await new Promise((resolve) => {
        const call = client.Early(deadline(20000), (error) => {
          const code = error ? error.code : 0;
          seen.codes[code] = (seen.codes[code] || 0) + 1;
          seen.slowest = Math.max(seen.slowest, Date.now() - started);
          clearInterval(feed);
          resolve();
        });
        const chunk = Buffer.alloc(64 * 1024, 'u');
        const feed = setInterval(() => call.write(chunk), 1);
      });
    }
    return seen;
  },
  repeat: () => stream(client.Repeat(Buffer.from('m'), deadline(20000))),
  // A message at a time: each waits for the answer to the one before.
  talk: () => stream(client.Talk(deadline(20000)), (call, seen) => {
    seen.on = () => { if (seen.messages.length < 10) call.write(Buffer.from(String(seen.messages.length))); else call.end(); };
    call.write(Buffer.from('0'));
  }),
  // Eight at a time over four channels until its standard input ends.
  load: async () => {
    let over = false;
    process.stdin.on('end', () => { over = true; }).resume();
    const seen = { calls: 0, failed: {}, servers: {} };
    const note = (code, details) => {
      ++seen.calls;
      if (code === 0) return;
      const key = `${code} ${details || ''}`.slice(0, 80);
      seen.failed[key] = (seen.failed[key] || 0) + 1;
    };
    const caller = async (number, on) => {
      for (let round = 0; !over; round++) {
        if ((round + number) % 5 === 0) {
          const { code, details } = await stream(on.Repeat(Buffer.from('m'), deadline(20000)));
          note(code, details);
        } else {
          const { code, details, server } = await unary((round + number) % 7 === 0 ? 'Slow' : 'Unary', '50', deadline(20000), on);
          note(code, details);
          if (server) seen.servers[server] = (seen.servers[server] || 0) + 1;
        }
        await new Promise((resume) => setTimeout(resume, 5));
      }
    };
    const channelsOf = Array.from({ length: 4 }, connect);
    await Promise.all(Array.from({ length: 8 }, (_, number) => caller(number, channelsOf[number % 4])));
    for (const each of channelsOf) each.close();
    return seen;
  },
};

scenarios[scenario]().then((seen) => {
  console.log(JSON.stringify(seen));
  client.close();
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
