// Who is typing: told by CONTROL messages, which are not kept, and believed for a while.

// The content of the message that says that its sender is typing.
export const typingContent = '{"t":1}';

// How often it is sent at most, and how long it is believed.
export const typingEvery = 3000;
export const typingFor = 5000;

export interface Typist {
  readonly arn: string;
  readonly name: string;
  readonly until: number;
}

export function withTypist(typists: readonly Typist[], typist: Typist): Typist[] {
  return [...withoutTypist(typists, typist.arn), typist];
}

export function withoutTypist(typists: readonly Typist[], arn: string): Typist[] {
  return typists.filter((t) => t.arn !== arn);
}

export function stillTyping(typists: readonly Typist[], now: number): Typist[] {
  return typists.filter((t) => t.until > now);
}

// Throttle lets something through at most once in a while.
export class Throttle {
  private next = 0;

  constructor(private readonly every: number) {}

  pass(now: number): boolean {
    if (now < this.next) {
      return false;
    }
    this.next = now + this.every;
    return true;
  }
}
