// What the gRPC server and client of the end-to-end tests have in common: a service whose messages are bytes, so that no
// protocol compiler is needed. GRPC_JS = where scripts/install-deps grpc has put the library.
'use strict';
exports.grpc = require(process.env.GRPC_JS);

const bytes = (value) => Buffer.from(value);
const method = (path, requestStream, responseStream) => ({
  path, requestStream, responseStream,
  requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
});

exports.echo = {
  Unary: method('/test.Echo/Unary', false, false),
  Fail: method('/test.Echo/Fail', false, false),      // NOT_FOUND, trailers-only
  Slow: method('/test.Echo/Slow', false, false),      // after as many milliseconds as the request says
  Die: method('/test.Echo/Die', false, false),
  Collect: method('/test.Echo/Collect', true, false), // all messages joined
  Early: method('/test.Echo/Early', true, false),     // refused at the first message
  Repeat: method('/test.Echo/Repeat', false, true),   // ten times
  Talk: method('/test.Echo/Talk', true, true),        // each message at once
};
exports.health = { Check: method('/grpc.health.v1.Health/Check', false, false) };
