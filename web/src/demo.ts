// What the page is told by the server: how to call it, and as whom.

import type { Person } from './model/channel';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Demo {
  readonly region: string;
  readonly appInstance: string;
  // The users of the demo by the names of the address bar: /?as=alice.
  readonly users: ReadonlyMap<string, Person>;
  readonly credentials: Credentials;
}

interface DemoFile {
  region: string;
  access_key_id: string;
  secret_access_key: string;
  app_instance_arn: string;
  user_arns: Record<string, string>;
}

// loadDemo asks the server. It is the one place that knows where credentials come from.
export async function loadDemo(): Promise<Demo> {
  const answer = await fetch('/demo.json');
  const content: unknown = await answer.json();
  if (!answer.ok) {
    throw new Error((content as { Message?: string }).Message ?? `demo.json: status ${answer.status}`);
  }
  const file = content as DemoFile;
  const names = Object.keys(file.user_arns).sort();
  return {
    region: file.region,
    appInstance: file.app_instance_arn,
    users: new Map(names.map((name) => [name, { arn: file.user_arns[name] ?? '', name: capitalized(name) }])),
    credentials: { accessKeyId: file.access_key_id, secretAccessKey: file.secret_access_key },
  };
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
