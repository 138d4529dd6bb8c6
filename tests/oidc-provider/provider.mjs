// An OpenID provider for tests of signing in: npm oidc-provider with its own login pages for developers, where any name
// is a person and any password is right. Usage: node provider.mjs <folder that holds node_modules>
// Reads one line of JSON from standard input: {"redirect_uri", "staff_redirect_uri", "signed_out_uri", "public_key": <JWK of
// pages-jwt>}.
// Writes one line: its issuer. Ends when standard input ends.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { generateKeyPairSync, webcrypto } from 'node:crypto';

// Nobody reads standard output after the first line: what the provider says for developers goes elsewhere.
const tell = console.log;
console.log = console.info = console.warn = console.error;

// Node 18, which Debian 12 has, lacks these.
globalThis.crypto ??= webcrypto;
URL.parse ??= (url, base) => {
  try {
    return new URL(url, base);
  } catch {
    return null;
  }
};

const modules = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { Provider } = await import(pathToFileURL(modules.resolve('oidc-provider')));
const lines = createInterface({ input: process.stdin });
const given = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
process.stdin.on('end', () => process.exit(0)).resume();

const key = (kid, alg, pair) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const keys = [
  key('rsa', 'RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })),
  key('ec', 'ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  key('ed', 'EdDSA', generateKeyPairSync('ed25519')),
];
const client = (client_id, more) => ({
  client_id,
  redirect_uris: [given.redirect_uri],
  post_logout_redirect_uris: [given.signed_out_uri],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  client_secret: 'a secret: of + this & client',
  ...more,
});

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    // As Keycloak does it.
    client('pages-basic', { token_endpoint_auth_method: 'client_secret_basic' }),
    // Where staff sign in.
    client('pages-staff', {
      redirect_uris: [given.staff_redirect_uri],
      token_endpoint_auth_method: 'client_secret_basic',
    }),
    client('pages-post', { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'EdDSA' }),
    // As eSignet does it.
    client('pages-jwt', {
      client_secret: undefined,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [given.public_key] },
      id_token_signed_response_alg: 'RS256',
      userinfo_signed_response_alg: 'RS256',
      require_auth_time: true,
    }),
  ],
  jwks: { keys },
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
    userinfoSigningAlgValues: ['RS256'],
    clientAuthSigningAlgValues: ['ES256', 'RS256', 'EdDSA'],
  },
  acrValues: ['urn:otp'],
  claims: {
    openid: ['sub'],
    acr: null,
    auth_time: null,
    iss: null,
    sid: null,
    profile: ['name', 'individual_id', 'user_type', 'realm_access', 'preferred_username'],
  },
  features: {
    devInteractions: { enabled: true },
    claimsParameter: { enabled: true },
    jwtUserinfo: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: async (ctx, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      name: `Name of ${id}`,
      individual_id: `${id}-${id}-0001`,
      user_type: id.startsWith('staff') ? 'staff' : 'person',
      preferred_username: id,
      // `staff-helpdesk-1` is somebody with the role `helpdesk`.
      realm_access: { roles: [id.startsWith('staff-') ? id.split('-')[1] : 'person'] },
    }),
  }),
});
server.on('request', provider.callback());
tell(issuer);
