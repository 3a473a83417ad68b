// A page in a browser that listens through the official client.

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

// patience bounds every wait, in milliseconds. Only a test that fails ever waits so long.
const patience = 60_000;

// bundle makes one script of the official client, as an app's own bundler does.
async function bundle() {
  const made = await build({
    entryPoints: [new URL('entry.js', import.meta.url).pathname], bundle: true, write: false, format: 'iife', globalName: 'chime', platform: 'browser',
    mainFields: ['browser', 'module', 'main'], define: { global: 'window' }, logLevel: 'error',
    // Its package.json tells of its entry for browsers without ".js", which esbuild does not find.
    alias: { '@aws-sdk/credential-providers': '@aws-sdk/credential-providers/dist-es/index.browser.js' },
  });
  return made.outputFiles[0].text;
}

// Browser trusts the authority of a server as a user's does after `carillon tls trust --install`.
export class Browser {
  static async open(server) {
    const home = mkdtempSync(path.join(tmpdir(), 'carillon-browser-'));
    const database = path.join(home, '.pki/nssdb');
    mkdirSync(database, { recursive: true });
    execFileSync('certutil', ['-d', `sql:${database}`, '-N', '--empty-password']);
    server.run('tls', 'trust', '--install', '--no-system', { HOME: home });
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM, env: { ...process.env, HOME: home }, timeout: patience,
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
        '--disable-sync', '--no-proxy-server',
      ],
    });
    // The app is served from this machine, as a developer's is: a browser lets no page from elsewhere ask
    // a server on the loopback.
    const app = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>app</title>'));
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    return new Browser(browser, await bundle(), home, app);
  }

  constructor(browser, script, home, app) {
    Object.assign(this, { browser, script, home, app, url: `http://localhost:${app.address().port}/` });
  }

  async close() {
    await this.browser.close();
    this.app.close();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 50 }); // what the browser leaves behind ends a little later
  }

  // signIn lets a user log in at an issuer and come back to the app, and returns the ID token that it got.
  async signIn(issuer, user) {
    const context = await this.browser.newContext(); // nobody else's cookies
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(patience);
      const verifier = randomBytes(32).toString('base64url');
      await page.goto(`${issuer.url}/auth?${new URLSearchParams({
        client_id: 'page', response_type: 'code', scope: 'openid profile', redirect_uri: this.url,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
      })}`);
      await page.fill('[name=login]', user);
      await page.fill('[name=password]', 'any');
      await page.click('[type=submit]');
      await page.click('[type=submit] >> text=Continue'); // consents
      await page.waitForURL(`${this.url}?*`);
      return await page.evaluate(async ([issuer, verifier, app]) => {
        const form = {
          grant_type: 'authorization_code', client_id: 'page', redirect_uri: app, code_verifier: verifier,
          code: new URL(location.href).searchParams.get('code'),
        };
        const answer = await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
        return (await answer.json()).id_token;
      }, [issuer.url, verifier, this.url]);
    } finally {
      await context.close();
    }
  }

  // listen opens a page with a session that is not started yet. It keeps a log of what observers are
  // told, in order, and one of how its WebSockets were closed. The page calls with the root key, with the
  // credentials it is given, or with those that it gets for a webIdentity: once, or whenever they end.
  async listen(server, user, options = {}) {
    const page = await this.browser.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(this.url);
    await page.addScriptTag({ content: this.script });
    await page.evaluate(async ([of, reconnectTimeoutMs, { endpointUrl, secret, credentials, webIdentity, once, prefetch, sessionId }]) => {
      const { sdk, messaging, fromWebToken } = globalThis.chime;
      const { endpoint, region } = of;
      const root = { accessKeyId: of.access_key_id, secretAccessKey: secret ?? of.secret_access_key };
      const login = webIdentity && fromWebToken({ ...webIdentity, clientConfig: { endpoint, region, maxAttempts: 1 } });
      const client = new messaging.ChimeSDKMessagingClient({
        endpoint, region, maxAttempts: 1, credentials: (once ? await login() : login) ?? credentials ?? root,
      });
      const configuration = new sdk.MessagingSessionConfiguration(of.user, sessionId ?? null, endpointUrl, client);
      configuration.reconnectTimeoutMs = reconnectTimeoutMs; // a server on a busy machine may take longer than ten seconds to start
      if (prefetch) {
        configuration.prefetchOn = sdk.PrefetchOn.Connect;
        configuration.prefetchSortBy = prefetch;
      }
      const log = [];
      const closes = [];
      globalThis.WebSocket = class extends WebSocket {
        constructor(...of) {
          super(...of);
          this.addEventListener('close', ({ code, reason }) => closes.push({ code, reason }));
        }
      };
      const session = new sdk.DefaultMessagingSession(configuration, new sdk.NoOpLogger());
      session.addObserver({
        messagingSessionDidStart: () => log.push({ what: 'start' }),
        messagingSessionDidStartConnecting: (again) => log.push({ what: 'connecting', again }),
        messagingSessionDidStop: (event) => log.push({ what: 'stop', code: event.code, reason: event.reason }),
        messagingSessionDidReceiveMessage: ({ type, headers, payload }) => log.push({ what: 'message', type, headers, payload: payload && JSON.parse(payload) }),
      });
      globalThis.listener = { session, log, closes, client };
    }, [{ ...server.ready, user: server.ready.user_arns[user] ?? user }, patience, options]);
    return new Listener(page);
  }
}

export class Listener {
  constructor(page) {
    this.page = page;
  }

  // start resolves to null, or to the close event with which the client refuses.
  start() {
    return this.page.evaluate(() => globalThis.listener.session.start().then(() => null, (event) => ({ code: event.code, reason: event.reason })));
  }

  stop() {
    return this.page.evaluate(() => globalThis.listener.session.stop());
  }

  // call calls an operation in the page, and resolves to its answer, or to what the SDK tells of its error.
  call(name, input) {
    return this.page.evaluate(([name, input]) => {
      const { client } = globalThis.listener;
      return client.send(new globalThis.chime.messaging[`${name}Command`](input)).then(
        ({ $metadata, ...answer }) => answer, (error) => ({ error: error.name, status: error.$metadata?.httpStatusCode, message: error.message }));
    }, [name, input]);
  }

  // credentials are those that the page calls with.
  credentials() {
    return this.page.evaluate(async () => {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await globalThis.listener.client.config.credentials();
      return { accessKeyId, secretAccessKey, sessionToken, expiration };
    });
  }

  log() {
    return this.page.evaluate(() => globalThis.listener.log);
  }

  // closes are the codes and reasons with which WebSockets of the page were closed.
  closes() {
    return this.page.evaluate(() => globalThis.listener.closes);
  }

  // until waits until the log satisfies a condition, and returns it.
  async until(what, holds) {
    const end = Date.now() + patience;
    for (;;) {
      const log = await this.log();
      if (await holds(log)) {
        return log;
      }
      if (Date.now() > end) {
        throw new Error(`it did not come to pass: ${what}\n${JSON.stringify(log, null, 1)}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  // texts are the contents of the messages that were heard.
  async texts() {
    return contents(await this.log());
  }
}

export function contents(log) {
  return log.filter((entry) => entry.type === 'CREATE_CHANNEL_MESSAGE').map((entry) => entry.payload.Content);
}

export const times = (log, what) => log.filter((entry) => entry.what === what).length;
