// An S3 server on 127.0.0.1 for tests: s3rver keeps the objects. It does not check signatures of
// version 4, so aws4 does that in front of it. Its port is the first line that is printed.
//
//   node s3.js DIRECTORY BUCKET REGION ACCESS_KEY_ID SECRET_ACCESS_KEY
const crypto = require('crypto');
const http = require('http');
const aws4 = require('aws4');
const S3rver = require('s3rver');
const account = require('s3rver/lib/models/account').DUMMY_ACCOUNT;

const [directory, bucket, region, accessKeyId, secretAccessKey] = process.argv.slice(2);

// The Authorization that this request should have; it says itself which headers are signed.
function expected(request, body, named) {
  const headers = {};
  const ignored = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (named.includes(name)) headers[name] = value;
  }
  for (const name of ['content-type', 'content-length']) ignored[name] = !named.includes(name);
  return aws4.sign({method: request.method, path: request.url, host: request.headers.host,
                    service: 's3', region, headers, body, extraHeadersToIgnore: ignored,
                    extraHeadersToInclude: Object.fromEntries(named.map((name) => [name, true]))},
                   {accessKeyId, secretAccessKey}).headers.Authorization;
}

function complaint(request, body) {
  const given = request.headers.authorization || '';
  const signed = /^AWS4-HMAC-SHA256 Credential=([^/]*)\/.*SignedHeaders=([^,]*),/.exec(given);
  if (!signed) return 'AccessDenied';
  if (signed[1] !== accessKeyId) return 'InvalidAccessKeyId';
  const hash = crypto.createHash('sha256').update(body).digest('hex');
  if (request.headers['x-amz-content-sha256'] !== hash) return 'XAmzContentSHA256Mismatch';
  const names = signed[2].split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return 'AccessDenied';
  return expected(request, body, names) === given ? '' : 'SignatureDoesNotMatch';
}

async function main() {
  account.createKeyPair(accessKeyId, secretAccessKey);
  const s3 = new S3rver({silent: true, directory, address: '127.0.0.1', port: 0,
                         vhostBuckets: false, configureBuckets: [{name: bucket}]});
  const {port} = await s3.run();

  const front = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const code = complaint(request, body);
      if (code) {
        response.writeHead(403, {'content-type': 'application/xml'});
        response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>` +
                     `<Message>The request is not signed as this server would sign it</Message></Error>`);
        return;
      }
      const on = http.request({host: '127.0.0.1', port, method: request.method, path: request.url,
                               headers: request.headers}, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      on.end(body);
    });
  });
  front.listen(0, '127.0.0.1', () => console.log(front.address().port));
}

main();
