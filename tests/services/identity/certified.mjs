// oidc-provider (OpenID-certified): client credentials with JWT access tokens, and logins with PKCE. Arguments: the folder with
// its packages, a port, the redirect URI. Logins need no person: the login's hint is who logs in.
import { pathToFileURL } from 'node:url';
const [packages, port, redirect] = process.argv.slice(2);
const { Provider, interactionPolicy } = await import(pathToFileURL(`${packages}/node_modules/oidc-provider/lib/index.js`));
const { default: JoseModule } = { default: await import(pathToFileURL(`${packages}/node_modules/jose/dist/node/esm/index.js`)) };
const issuer = `http://127.0.0.1:${port}`;
const key = async (alg) => ({ ...(await JoseModule.exportJWK((await JoseModule.generateKeyPair(alg)).privateKey)), alg, use: 'sig', kid: alg });
const provider = new Provider(issuer, {
  jwks: { keys: [await key('RS256'), await key('ES256')] },
  clients: [
    { client_id: 'etl', client_secret: 'etl-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    { client_id: 'lake-web', client_secret: 'web-secret:%', redirect_uris: [redirect], id_token_signed_response_alg: 'ES256' },
  ],
  pkce: { required: () => true },
  claims: { openid: ['sub', 'groups', 'preferred_username'] },
  conformIdTokenClaims: false,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:lake',
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'read', audience: 'urn:lake', accessTokenFormat: 'jwt', accessTokenTTL: 600,
        jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: `user-${id}`, groups: ['staff'] }) }),
});
provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, grantId, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login') {
    return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: ctx.cookies.get('test_account') || 'anna-1' } });
  }
  const grant = grantId ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope('openid profile');
  grant.addResourceScope('urn:lake', 'read');
  return provider.interactionFinished(ctx.req, ctx.res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
});
provider.listen(Number(port), '127.0.0.1');
