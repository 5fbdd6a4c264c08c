// An OAuth 2 and OpenID server on 127.0.0.1 for tests: oauth2-mock-server, made as strict as a good
// vendor. It knows one client, wants PKCE, gives a new refresh token each time and takes each once,
// and GET /userinfo says which grant the token came from, once it has checked its signature and
// age. Its port is the first line that is printed.
//
//   node oauth.js CLIENT_ID CLIENT_SECRET SECONDS   (that the first token of a grant lives)
const http = require('http');
const {createLocalJWKSet, jwtVerify} = require('jose');
const {OAuth2Server} = require('oauth2-mock-server');

const [clientId, clientSecret, seconds] = process.argv.slice(2);
const server = new OAuth2Server();
const refreshTokens = new Set();

function client(request) {
  const basic = /^Basic (.*)$/.exec(request.headers.authorization || '');
  if (!basic) return [request.body.client_id, request.body.client_secret];
  const text = Buffer.from(basic[1], 'base64').toString();
  return text.split(':').map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
}

function refusal(request) {
  const [id, secret] = client(request);
  const {grant_type: grant, code_verifier: verifier, refresh_token: token} = request.body;
  if (id !== clientId || secret !== clientSecret) return 'invalid_client';
  if (grant === 'authorization_code' && !verifier) return 'invalid_request';
  if (grant === 'refresh_token' && !refreshTokens.delete(token)) return 'invalid_grant';
  return '';
}

server.service.on('beforeTokenSigning', (token, request) => {
  token.payload.grant = request.body.grant_type;
  if (request.body.grant_type !== 'refresh_token') {
    token.payload.exp = token.payload.iat + Number(seconds);
  }
});

server.service.on('beforeResponse', (answer, request) => {
  const error = refusal(request);
  if (error) {
    answer.statusCode = error === 'invalid_client' ? 401 : 400;
    answer.body = {error, error_description: `refused: ${error}`};
    return;
  }
  if (request.body.grant_type !== 'refresh_token') answer.body.expires_in = Number(seconds);
  if (answer.body.refresh_token) refreshTokens.add(answer.body.refresh_token);
});

// The service cannot wait for a check of its own, so the check stands before it.
async function userInfo(request, response) {
  const token = (request.headers.authorization || '').replace(/^Bearer /, '');
  const keys = createLocalJWKSet({keys: server.issuer.keys.toJSON()});
  let status = 200;
  let told;
  try {
    const {grant, sub = null, scope} = (await jwtVerify(token, keys)).payload;
    told = {grant, sub, scope};
  } catch (error) {
    status = 401;
    told = {error: 'invalid_token', error_description: error.message};
  }
  response.writeHead(status, {'content-type': 'application/json'});
  response.end(JSON.stringify(told));
}

async function main() {
  await server.issuer.keys.generate('RS256');
  const front = http.createServer((request, response) => {
    if (request.url.startsWith('/userinfo')) return userInfo(request, response);
    return server.service.requestHandler(request, response);
  });
  front.listen(0, '127.0.0.1', () => {
    const {port} = front.address();
    server.issuer.url = `http://127.0.0.1:${port}`;
    console.log(port);
  });
}

main();
