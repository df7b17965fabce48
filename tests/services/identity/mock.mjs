// oauth2-mock-server: another provider, whose tokens the tests shape by what they ask it for. Arguments: the folder with its
// packages, its port, and the port of the tests: POST /token takes {"header": …, "claims": …} and signs them with the key
// that is published.
import { createRequire } from 'node:module';
import http from 'node:http';
const [packages, port, control] = process.argv.slice(2);
const { OAuth2Server } = createRequire(`${packages}/`)('oauth2-mock-server');
const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(Number(port), '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${port}`;
let account = 'berta-2';
server.service.on('beforeTokenSigning', (token) => {
  token.payload.sub = account;
  token.payload.groups = ['staff'];
});
http.createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const wanted = JSON.parse(body || '{}');
  if (request.url === '/rotate') await server.issuer.keys.generate('RS256');
  if (wanted.account) account = wanted.account;
  const token = await server.issuer.buildToken({ scopesOrTransform: (header, payload) => {
    Object.assign(header, wanted.header);
    Object.assign(payload, wanted.claims);
    for (const name of wanted.without ?? []) delete payload[name];
  } });
  response.end(token);
}).listen(Number(control), '127.0.0.1');
