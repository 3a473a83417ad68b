// Everything the page says in words of its own about names, times and errors.

const names = new Intl.ListFormat('en', { style: 'long', type: 'conjunction' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function listOf(list: readonly string[]): string {
  return names.format(list);
}

export function timeOf(at: number): string {
  return clock.format(at);
}

export function dayOf(at: number, now = Date.now()): string {
  const day = new Date(at).toDateString();
  if (day === new Date(now).toDateString()) {
    return 'Today';
  }
  return day === new Date(now - 24 * 3600_000).toDateString() ? 'Yesterday' : weekday.format(at);
}

// shortTimeOf is the time of today, or else the date.
export function shortTimeOf(at: number, now = Date.now()): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? clock.format(at) : date.format(at);
}

export function typingOf(list: readonly string[]): string {
  if (list.length > 3) {
    return 'Several people are typing';
  }
  return `${listOf(list)} ${list.length === 1 ? 'is' : 'are'} typing`;
}

export function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

// errorOf tells an error of a call: in the server's words if it answered.
export function errorOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  // How the browsers put it: "Failed to fetch", "NetworkError when …", "Load failed".
  if (error.name === 'TimeoutError' || (error instanceof TypeError && /fetch|network|load failed/i.test(error.message))) {
    return 'The server does not answer.';
  }
  const kind = error.name.replace(/(Client)?Exception$/, '').replace(/([a-z])([A-Z])/g, '$1 $2');
  return kind === 'Error' ? error.message : `${kind}: ${error.message}`;
}
