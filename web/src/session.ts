// Live events, through the session of amazon-chime-sdk-js as it is.

// Not from the root of the package, which brings the whole of meetings along.
import ConsoleLogger from 'amazon-chime-sdk-js/build/logger/ConsoleLogger';
import LogLevel from 'amazon-chime-sdk-js/build/logger/LogLevel';
import type Message from 'amazon-chime-sdk-js/build/message/Message';
import DefaultMessagingSession from 'amazon-chime-sdk-js/build/messagingsession/DefaultMessagingSession';
import MessagingSessionConfiguration from 'amazon-chime-sdk-js/build/messagingsession/MessagingSessionConfiguration';
import PrefetchOn from 'amazon-chime-sdk-js/build/messagingsession/PrefetchOn';
import DefaultWebSocketAdapter from 'amazon-chime-sdk-js/build/websocketadapter/DefaultWebSocketAdapter';

import type { Api } from './api';
import { errorOf } from './words';

// How the session is doing. It goes on by itself unless it is stopped.
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'connected'; readonly over: 'ws' | 'wss' }
  | { readonly state: 'reconnecting'; readonly reason: string }
  // The socket could not be opened even once, most likely because the browser does not know who signed the
  // server's certificate. It is tried again all the same.
  | { readonly state: 'untrusted'; readonly endpoint: string }
  | { readonly state: 'stopped'; readonly reason: string };

export interface Listener {
  linked(link: Link): void;
  received(type: string, payload: string): void;
}

// What the session closes with when it is of no use to try again.
const unauthorized = 4401;
const forbidden = 4003;
const clientInitiated = 4002;

const retryAfter = 3000;

// PlainAdapter opens ws:// where the session says wss://. The signature covers neither.
class PlainAdapter extends DefaultWebSocketAdapter {
  override create(url: string, protocols: string[], isSignedUrl?: boolean): void {
    super.create(url.replace(/^wss:/, 'ws:'), protocols, isSignedUrl);
  }
}

// Session keeps one session of a user open.
export class Session {
  private current: DefaultMessagingSession | undefined;
  private connected = false; // ever
  private timer: number | undefined;

  // plain opens the socket on the page's own address without TLS, which needs no certificate.
  constructor(
    private readonly api: Api,
    private readonly plain: boolean,
    private readonly listener: Listener,
  ) {
    // When the session gives up on its very first connection, this is the only word of it.
    window.addEventListener('unhandledrejection', (event) => {
      if (event.reason instanceof CloseEvent) {
        event.preventDefault();
        this.ended(event.reason);
      }
    });
    window.addEventListener('online', () => this.timer !== undefined && this.start());
  }

  // start opens the session, or opens it once more.
  start(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    const log = new ConsoleLogger('session', LogLevel.OFF); // its lines hold signed URLs
    const configuration = new MessagingSessionConfiguration(this.api.me.arn, this.sessionId(), undefined, this.client());
    configuration.prefetchOn = PrefetchOn.Connect;
    const session = new DefaultMessagingSession(configuration, log, this.plain ? new PlainAdapter(log) : undefined);
    this.current = session;
    session.addObserver({
      messagingSessionDidStartConnecting: (again) => this.current === session && this.connecting(again),
      messagingSessionDidStart: () => {
        this.connected = true;
        this.listener.linked({ state: 'connected', over: this.plain ? 'ws' : 'wss' });
      },
      messagingSessionDidStop: (event) => this.current === session && this.ended(event),
      messagingSessionDidReceiveMessage: (message: Message) => this.listener.received(message.type, message.payload ?? ''),
    });
    session.start().catch((reason: unknown) => {
      if (reason instanceof CloseEvent) {
        this.ended(reason);
      } else {
        this.listener.linked({ state: 'stopped', reason: errorOf(reason) });
      }
    });
  }

  // restart opens the session under a new id, after another window has taken the old one over.
  restart(): void {
    sessionStorage.removeItem(this.storageKey());
    this.listener.linked({ state: 'connecting' });
    this.start();
  }

  private connecting(again: boolean): void {
    if (this.connected || (again && this.plain)) {
      this.listener.linked({ state: 'reconnecting', reason: this.connected ? 'the connection was lost' : 'the server does not answer' });
    } else if (again) {
      void this.untrusted();
    }
  }

  private async untrusted(): Promise<void> {
    try {
      const endpoint = await this.api.sessionEndpoint();
      if (!this.connected) {
        this.listener.linked({ state: 'untrusted', endpoint });
      }
    } catch (error) {
      this.listener.linked({ state: 'reconnecting', reason: errorOf(error) });
    }
  }

  private ended(event: CloseEvent): void {
    const reason = `${event.code}${event.reason === '' ? '' : ` ${event.reason}`}`;
    switch (event.code) {
      case unauthorized:
      case clientInitiated:
        this.listener.linked({ state: 'stopped', reason });
        return;
      case forbidden:
        this.listener.linked({ state: 'stopped', reason: `${reason}: closed by the server, or taken over by another window` });
        return;
    }
    // The session tries for ten seconds and then leaves it at that. This page does not.
    this.connecting(true);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.start(), retryAfter);
  }

  // client is what the session asks for its endpoint. In the plain, that is where the page came from.
  private client(): unknown {
    if (!this.plain) {
      return this.api.messaging;
    }
    return {
      config: this.api.messaging.config,
      getMessagingSessionEndpoint: () => Promise.resolve({ Endpoint: { Url: location.host } }),
    };
  }

  // sessionId is kept as long as the window, so that the server can give it what it missed.
  private sessionId(): string {
    const id = sessionStorage.getItem(this.storageKey()) ?? crypto.randomUUID();
    sessionStorage.setItem(this.storageKey(), id);
    return id;
  }

  private storageKey(): string {
    return `carillon session of ${this.api.me.arn}`;
  }
}
