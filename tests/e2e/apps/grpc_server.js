// A gRPC server of @grpc/grpc-js on 127.0.0.1:PORT. SIGUSR2: from now on its health is NOT_SERVING. SIGTERM: as grpc-js stops
// in order, with a GOAWAY, when the calls on it have ended. CERT and KEY: with TLS.
'use strict';
const fs = require('fs');
const { grpc, echo, health } = require('./grpc_echo.js');

const { PORT, NAME, FRONTDOOR_INSTANCE, CERT, KEY } = process.env;
let serving = true;
const server = new grpc.Server();
server.addService(echo, {
  Unary: (call, done) => {
    const trailer = new grpc.Metadata();
    trailer.set('x-trailer', 'of-unary');
    const head = new grpc.Metadata();
    head.set('x-server', NAME || FRONTDOOR_INSTANCE || '');
    call.sendMetadata(head);
    done(null, call.request, trailer);
  },
  Fail: (call, done) => done({ code: grpc.status.NOT_FOUND, details: 'no such thing: 100 % sure' }),
  Slow: (call, done) => {
    call.sendMetadata(new grpc.Metadata());  // tells the client that the call is here
    const timer = setTimeout(() => done(null, call.request), Number(call.request.toString()));
    call.on('cancelled', () => { clearTimeout(timer); console.log('cancelled'); });
  },
  Die: () => process.exit(7),
  Collect: (call, done) => {
    const all = [];
    call.on('data', (message) => all.push(message));
    call.on('end', () => done(null, Buffer.concat(all)));
  },
  // Refuses an upload of which it has seen the beginning.
  Early: (call, done) => call.once('data', () => done({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'enough' })),
  Repeat: (call) => {
    for (let i = 0; i < 10; i++) call.write(Buffer.concat([call.request, Buffer.from(String(i))]));
    call.end();
  },
  Talk: (call) => {
    call.on('data', (message) => call.write(message));
    call.on('end', () => call.end());
  },
});
server.addService(health, { Check: (call, done) => done(null, Buffer.from([8, serving ? 1 : 2])) });

process.on('SIGUSR2', () => { serving = false; });
process.on('SIGTERM', () => server.tryShutdown(() => process.exit(0)));
const credentials = CERT
  ? grpc.ServerCredentials.createSsl(null, [{ cert_chain: fs.readFileSync(CERT), private_key: fs.readFileSync(KEY) }])
  : grpc.ServerCredentials.createInsecure();
server.bindAsync(`127.0.0.1:${PORT}`, credentials, (error) => {
  if (error) throw error;
  console.log(`listening 127.0.0.1:${PORT}`);
});
