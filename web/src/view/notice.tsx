// What to do when live events do not come.

import type { JSX } from 'preact';

import type { Link } from '../session';
import { statusOf } from './sidebar';

export function Notice({ link, reconnect }: { link: Link; reconnect: () => void }): JSX.Element | null {
  switch (link.state) {
    case 'connecting':
    case 'connected':
      return null;
    case 'reconnecting':
      return <aside class="notice"><p>{statusOf(link)}. New messages come once the connection is back.</p></aside>;
    case 'stopped':
      return (
        <aside class="notice">
          <p>{statusOf(link)}. New messages do not come by themselves.</p>
          <button type="button" class="button" onClick={reconnect}>Connect</button>
        </aside>
      );
    case 'untrusted':
      return (
        <aside class="notice">
          <p>
            The secure connection for new messages cannot be opened: this browser does not know who signed the certificate of{' '}
            <b>{link.endpoint}</b>. Run <code>carillon tls trust</code> and start the browser again, or open{' '}
            <a href={`https://${link.endpoint}/`} target="_blank" rel="noreferrer">https://{link.endpoint}/</a> once and accept it.
          </p>
          {location.protocol === 'http:' && <a class="button" href={plainAddress()}>Go on without TLS</a>}
        </aside>
      );
  }
}

// plainAddress is this page with its plain socket.
function plainAddress(): string {
  const address = new URL(location.href);
  address.searchParams.delete('socket');
  return address.href;
}
