// A `carillon dev` of a test's own, which can be stopped, killed and started again in its place. CARILLON
// names the binary, FOLDER a folder for what it keeps.

import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { ChimeSDKIdentityClient, DeleteAppInstanceUserCommand } from '@aws-sdk/client-chime-sdk-identity';
import * as messaging from '@aws-sdk/client-chime-sdk-messaging';

// free is an address that nobody listens on, and whose port is not among those that the system gives to
// whoever asks for any: nobody comes by it while the server is not there.
async function free() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    const listener = createServer().listen(port, '127.0.0.1');
    if (await once(listener, 'listening').then(() => true, () => false)) {
      await new Promise((done) => { listener.close(done); });
      return `127.0.0.1:${port}`;
    }
  }
}

export class Server {
  static async start(...flags) {
    const server = new Server(process.env.FOLDER, [await free(), await free()], flags);
    await server.start();
    return server;
  }

  // When the server is started again, clients find it at its addresses.
  constructor(folder, addresses, flags) {
    Object.assign(this, { folder, addresses, flags });
    this.data = path.join(folder, 'data');
  }

  async start() {
    const file = path.join(this.folder, 'ready.json');
    rmSync(file, { force: true });
    const [addr, tls] = this.addresses;
    this.process = spawn(process.env.CARILLON, ['dev', '--addr', addr, '--tls-addr', tls, '--data', this.data, '--ready-file', file, ...this.flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.log = '';
    this.process.stderr.on('data', (chunk) => { this.log += chunk; });
    this.exited = once(this.process, 'exit');
    for (let waited = 0; !existsSync(file); waited += 10) {
      if (waited > 60_000 || this.process.exitCode !== null) {
        throw new Error(`the server does not start\n${this.log}`);
      }
      await new Promise((done) => setTimeout(done, 10));
    }
    this.ready = JSON.parse(readFileSync(file, 'utf8'));
  }

  // end ends the server: SIGTERM asks it to, SIGKILL does not ask.
  async end(signal = 'SIGTERM') {
    this.process.kill(signal);
    await this.exited;
  }

  // run runs a command of carillon on the server's data folder.
  run(...words) {
    const environment = words.pop();
    execFileSync(process.env.CARILLON, [...words, '--data', this.data], { env: { ...process.env, ...environment } });
  }

  // manage runs a command of carillon that asks the server to manage who may call.
  manage(...words) {
    this.run(...words, '--endpoint', this.ready.endpoint, {});
  }

  settings() {
    const { endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = this.ready;
    return { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };
  }

  deleteUser(user) {
    return new ChimeSDKIdentityClient(this.settings()).send(new DeleteAppInstanceUserCommand({ AppInstanceUserArn: this.ready.user_arns[user] }));
  }

  // as calls operations on behalf of a user.
  as(user) {
    const client = new messaging.ChimeSDKMessagingClient(this.settings());
    const call = (name, input) => client.send(new messaging[`${name}Command`]({ ChimeBearer: this.ready.user_arns[user], ...input }));
    return {
      call,
      createChannel: async (name, ...members) => {
        const { ChannelArn } = await call('CreateChannel', { AppInstanceArn: this.ready.app_instance_arn, Name: name, ClientRequestToken: randomUUID() });
        if (members.length > 0) {
          await call('BatchCreateChannelMembership', { ChannelArn, Type: 'DEFAULT', MemberArns: members.map((m) => this.ready.user_arns[m]) });
        }
        return ChannelArn;
      },
      say: (ChannelArn, Content, Persistence = 'PERSISTENT') => call('SendChannelMessage', {
        ChannelArn, Content, Persistence, Type: 'STANDARD', ClientRequestToken: randomUUID(),
      }),
    };
  }
}
