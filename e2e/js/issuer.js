// An identity provider: the certified oidc-provider on this machine, at a port of its own. As a program it
// prints the URL of its issuer, and ends with its standard input.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const secret = 'secret';
const ciba = 'urn:openid:params:grant-type:ciba';

// clients are a backend, which asks for tokens by the back channel, and a page in a browser, whose users log
// in and come back to it.
const clients = (page) => [
  { client_id: 'backend', client_secret: secret, grant_types: [ciba], response_types: [], redirect_uris: [], backchannel_token_delivery_mode: 'poll' },
  ...(page ? [{ client_id: 'page', token_endpoint_auth_method: 'none', redirect_uris: [page], application_type: 'native' }] : []),
];

export class Issuer {
  // start makes an issuer; page is where users come back to when they have logged in.
  static async start(page) {
    const server = createServer((request, response) => issuer.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = new Issuer(server, page);
    return issuer;
  }

  constructor(server, page) {
    Object.assign(this, { server, page, url: `http://localhost:${server.address().port}` });
    this.rotate();
  }

  // rotate signs with a new key from now on, and forgets the one before.
  rotate() {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const provider = new Provider(this.url, {
      clients: clients(this.page),
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
      cookies: { keys: [randomUUID()] },
      // Everybody has an account, and a name that is not the id.
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id[0].toUpperCase()}${id.slice(1)} of the issuer` }) }),
      claims: { openid: ['sub'], profile: ['name'] },
      conformIdTokenClaims: false,
      clientBasedCORS: () => true,
      ttl: { IdToken: 300, AccessToken: 300, Grant: 300, Session: 300, Interaction: 300, BackchannelAuthenticationRequest: 300 },
      features: {
        ciba: {
          enabled: true, deliveryModes: ['poll'],
          processLoginHint: (_, hint) => hint,
          validateRequestContext: () => {}, validateBindingMessage: () => {}, verifyUserCode: () => {},
          // The user says yes at once.
          triggerAuthenticationDevice: async (_, request, account, client) => {
            const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
            grant.addOIDCScope('openid profile');
            await provider.backchannelResult(request, await grant.save());
          },
        },
      },
    });
    this.answer = provider.callback();
  }

  // token is an ID token of a user, as the backend gets it.
  async token(user) {
    const post = async (path, form) => {
      const answer = await fetch(this.url + path, {
        method: 'POST', body: new URLSearchParams(form), headers: { authorization: `Basic ${btoa(`backend:${secret}`)}` },
      });
      return answer.json();
    };
    const { auth_req_id: request } = await post('/backchannel', { scope: 'openid profile', login_hint: user });
    const { id_token: token } = await post('/token', { grant_type: ciba, auth_req_id: request });
    return token;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  const issuer = await Issuer.start();
  process.stdin.on('end', () => issuer.close()).resume();
  console.log(issuer.url);
}
