import { render } from 'preact';

import { Api } from './api';
import { Chat } from './chat';
import { loadDemo } from './demo';
import './style.css';
import { App } from './view/app';
import { Picker, Trouble } from './view/picker';
import { errorOf } from './words';

// A page that came without TLS opens its socket without as well, unless the address asks for the real
// thing: /?as=alice&socket=wss.
function isPlain(parameters: URLSearchParams): boolean {
  return location.protocol === 'http:' && parameters.get('socket') !== 'wss';
}

async function main(root: HTMLElement): Promise<void> {
  const parameters = new URLSearchParams(location.search);
  try {
    const demo = await loadDemo();
    const me = demo.users.get(parameters.get('as') ?? '');
    if (me === undefined) {
      render(<Picker demo={demo} />, root);
      return;
    }
    const chat = new Chat(new Api(demo, me), isPlain(parameters));
    render(<App chat={chat} demo={demo} />, root);
    chat.start();
  } catch (error) {
    render(<Trouble text={errorOf(error)} />, root);
  }
}

const root = document.getElementById('app');
if (root !== null) {
  void main(root);
}
