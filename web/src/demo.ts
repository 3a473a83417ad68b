// What the page is told by the server: which users there are, and how to call it as one of them.

import type { Person } from './model/channel';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface Demo {
  readonly region: string;
  readonly appInstance: string;
  // The users of the demo by the names of the address bar: /?as=alice.
  readonly users: ReadonlyMap<string, Person>;
}

interface DemoFile {
  region: string;
  app_instance_arn: string;
  user_arns: Record<string, string>;
}

interface Login {
  ChimeCredentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; Expiration: string };
}

// loadDemo asks the server.
export async function loadDemo(): Promise<Demo> {
  const file = await read<DemoFile>(await fetch('/demo.json'));
  const names = Object.keys(file.user_arns).sort();
  return {
    region: file.region,
    appInstance: file.app_instance_arn,
    users: new Map(names.map((name) => [name, { arn: file.user_arns[name] ?? '', name: capitalized(name) }])),
  };
}

// credentialsOf gets temporary credentials of a user. The SDK calls it again before they expire.
export function credentialsOf(person: Person): () => Promise<Credentials> {
  const name = person.arn.slice(person.arn.lastIndexOf('/') + 1);
  return async () => {
    const answer = await fetch('/creds', { method: 'POST', headers: { Authorization: `Bearer ${btoa(name)}` } });
    const { ChimeCredentials: c } = await read<Login>(answer);
    return {
      accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken, expiration: new Date(c.Expiration),
    };
  };
}

async function read<T>(answer: Response): Promise<T> {
  const content: unknown = await answer.json();
  if (!answer.ok) {
    throw new Error((content as { Message?: string }).Message ?? `${answer.url}: status ${answer.status}`);
  }
  return content as T;
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
